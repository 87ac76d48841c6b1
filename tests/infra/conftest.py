"""One warm Bicep process a worker, and what it evaluates, once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.once import once

from . import bicep, deployments
from .plan import Plan


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Bicep where there is none; the reason is one line of the report."""
    if bicep.find():
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="neither `bicep` nor `az bicep` is installed"))


@pytest.fixture(scope="session")
def executable() -> str:
    found = bicep.find()
    assert found
    return found


@pytest.fixture(scope="session")
def warm(executable: str) -> Iterator[bicep.Warm]:
    process = bicep.Warm(executable)
    yield process
    process.close()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The infrastructure's folder, to be edited."""
    return Path(shutil.copytree(bicep.INFRA, tmp_path / "infra"))


@pytest.fixture(scope="session")
def plans(warm: bicep.Warm, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """Every deployment as it is in the repository, by its name."""

    def evaluated() -> dict[str, Plan]:
        folder = Path(shutil.copytree(bicep.INFRA, tmp_path_factory.mktemp("infra") / "infra"))
        return deployments.evaluate_all(warm, folder)

    return once(shared, "infra-plans", evaluated)
