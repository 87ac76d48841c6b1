"""What the components send to Azure: each step's own code, and no rerun for an edit elsewhere."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator import REPOSITORY

SOURCE = REPOSITORY / "src"
STEPS = {
    "prepare": "fraud.features.prepare",
    "train": "fraud.training.train",
    "evaluate": "fraud.evaluation.evaluate",
    "gate": "mlops.gate.__main__",
    "register": "mlops.registry.__main__",
}
"""The module that each component runs."""
READ = {
    "prepare": {"fraud/features/features.sql", "fraud/features/features_reported.sql"},
    "gate": {"mlops/report/evidence/page.css"},
}
"""What a step reads besides the modules that it imports."""


def _imported(body: list[ast.stmt], package: str) -> Iterator[str]:
    """The names that a module imports, wherever in it; not what is there for type checkers only."""
    for node in body:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                parts = package.split(".")[: 1 - node.level or None] if node.level else []
                base = ".".join((*parts, *filter(None, [node.module])))
                yield from (f"{base}.{alias.name}" for alias in node.names)
            case _:
                inner = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))
                yield from _imported([*inner, *(case for case in _handlers(node))], package)


def _handlers(node: ast.stmt) -> Iterator[ast.stmt]:
    for handler in getattr(node, "handlers", ()):
        yield from handler.body


def needed(module: str) -> set[str]:
    """The files of our own that running a module takes: its imports, theirs, and the packages around them."""
    found: set[str] = set()
    left = [module]
    while left:
        name = left.pop()
        place = SOURCE.joinpath(*name.split("."))
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if name.partition(".")[0] not in ("fraud", "mlops"):
            continue
        if "." in name:
            left.append(name.rpartition(".")[0])
        key = file.relative_to(SOURCE).as_posix()
        if file.is_file() and key not in found:
            found.add(key)
            package = name if place.is_dir() else name.rpartition(".")[0]
            left += _imported(ast.parse(file.read_text()).body, package)
    return found


SNAPSHOTS = {component: needed(module) | READ.get(component, set()) for component, module in STEPS.items()}


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
