"""What the components send to Azure: each step's own code, and no rerun for an edit elsewhere."""

import shutil
from pathlib import Path

import pytest

from tests.emulator import REPOSITORY

COMMON = {f"fraud/{name}.py" for name in ("__init__", "errors", "output", "tracking")}
SNAPSHOTS = {
    "prepare": COMMON
    | {f"fraud/data/{name}.py" for name in ("__init__", "alarms", "contract", "formats", "manifest", "policy")}
    | {f"fraud/data/{name}.py" for name in ("reading", "rules")}
    | {f"fraud/features/{name}" for name in ("__init__.py", "features.sql", "features_reported.sql")}
    | {f"fraud/features/{name}.py" for name in ("lookahead", "prepare", "table")},
    "train": COMMON
    | {"fraud/features/__init__.py", "fraud/features/table.py"}
    | {f"fraud/{name}.py" for name in ("profile", "settings", "split")}
    | {f"fraud/evaluation/{name}.py" for name in ("__init__", "metrics", "statistics")}
    | {f"fraud/training/{file.name}" for file in (REPOSITORY / "src/fraud/training").glob("*.py")},
    "evaluate": COMMON
    | {"fraud/features/__init__.py", "fraud/features/table.py"}
    | {f"fraud/{name}.py" for name in ("profile", "settings", "split")}
    | {f"fraud/evaluation/{file.name}" for file in (REPOSITORY / "src/fraud/evaluation").glob("*.py")},
    "gate": {"mlops/__init__.py", "mlops/output.py", "mlops/report/__init__.py"}
    | {f"mlops/gate/{name}.py" for name in ("__init__", "__main__", "case", "comparing", "decide", "evidence")}
    | {f"mlops/gate/{name}.py" for name in ("junit", "measuring", "policy", "rules", "shape")}
    | {
        f"mlops/report/evidence/{name}.py"
        for name in ("__init__", "document", "figures", "markup", "page", "text")
    }
    | {"mlops/report/evidence/page.css"},
    "register": {"mlops/__init__.py"}
    | {f"mlops/registry/{name}.py" for name in ("__init__", "__main__", "card", "lineage", "register")},
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("components", "src/fraud", "src/mlops"):
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
    assert files == {".amlignore"} | SNAPSHOTS[component]


@pytest.mark.parametrize("component", SNAPSHOTS)
def test_a_snapshot_changes_with_its_own_code_only(copy: Path, component: str) -> None:
    _, before = snapshot(copy, component)
    source, fraud = copy / "src", copy / "src" / "fraud"
    own = {source / name for name in SNAPSHOTS[component]}
    (fraud / "data" / "__pycache__").mkdir(exist_ok=True)
    (fraud / "data" / "__pycache__" / "contract.cpython-311.pyc").write_bytes(b"compiled")
    for file in source.rglob("*.*"):
        if file.is_file() and file not in own:
            file.write_bytes(file.read_bytes() + b"\n# edited\n")
    assert snapshot(copy, component)[1] == before
    for file in own:
        unchanged = file.read_bytes()
        file.write_bytes(unchanged + b"\n# edited\n")
        assert snapshot(copy, component)[1] != before, file
        file.write_bytes(unchanged)
