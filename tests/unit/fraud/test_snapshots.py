"""What the components send to Azure: each step's own code, and no rerun for an edit elsewhere."""

import shutil
from pathlib import Path

import pytest

from tests.emulator import REPOSITORY

COMMON = {"__init__.py", "errors.py", "output.py", "tracking.py"}
SNAPSHOTS = {
    "prepare": COMMON
    | {"data/__init__.py", "data/contract.py", "data/reading.py"}
    | {"features/__init__.py", "features/features.sql", "features/prepare.py"},
    "train": COMMON
    | {"features/__init__.py", "features/table.py"}
    | {f"training/{name}.py" for name in ("__init__", "export", "families", "split", "train")},
    "evaluate": COMMON
    | {"features/__init__.py", "features/table.py", "training/__init__.py", "training/split.py"}
    | {f"evaluation/{name}.py" for name in ("__init__", "candidate", "evaluate", "metrics")},
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("components", "src/fraud"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    return tmp_path


def snapshot(root: Path, component: str) -> tuple[set[str], str]:
    """The files that the SDK would upload for a component, and the hash that decides whether a step is reused."""
    from azure.ai.ml import load_component
    from azure.ai.ml._utils._asset_utils import get_object_hash, get_upload_files_from_folder

    loaded = load_component(source=str(root / "components" / component / "component.yml"))
    with loaded._build_code() as code:
        files = get_upload_files_from_folder(str(code.path), ignore_file=code._ignore_file)
        return {name for _, name in files}, get_object_hash(code.path, code._ignore_file)


@pytest.mark.parametrize("component", SNAPSHOTS)
def test_a_snapshot_holds_what_its_step_runs(component: str) -> None:
    files, _ = snapshot(REPOSITORY, component)
    assert files == {".amlignore"} | {f"fraud/{name}" for name in SNAPSHOTS[component]}


@pytest.mark.parametrize("component", SNAPSHOTS)
def test_a_snapshot_changes_with_its_own_code_only(copy: Path, component: str) -> None:
    _, before = snapshot(copy, component)
    fraud = copy / "src" / "fraud"
    own = {fraud / name for name in SNAPSHOTS[component]}
    (fraud / "data" / "__pycache__").mkdir(exist_ok=True)
    (fraud / "data" / "__pycache__" / "contract.cpython-311.pyc").write_bytes(b"compiled")
    for file in fraud.rglob("*.*"):
        if file.is_file() and file not in own:
            file.write_bytes(file.read_bytes() + b"\n# edited\n")
    assert snapshot(copy, component)[1] == before
    for file in own:
        unchanged = file.read_bytes()
        file.write_bytes(unchanged + b"\n# edited\n")
        assert snapshot(copy, component)[1] != before, file
        file.write_bytes(unchanged)
