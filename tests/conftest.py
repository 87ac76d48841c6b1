"""Fixtures that every test of the emulator and of what runs on it shares; `ml_client` is the plugin's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_local import parity
from azureml_local.server.pytest_plugin import Server, variables

from .commands import Commands
from .emulator import CANARY, Emulator
from .infra import bicep

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


WORLDS = (
    "automated",
    "deployed",
    "alone",
    "bootstrapped",
    "project",
    "_lenient",
    "serving",
    "told_domain",
    "apart",
    "history",
    "registered",
)
"""Fixtures that cost seconds and that many tests share."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a world run in one worker, which builds it once."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if world := next((each for each in WORLDS if each in used), None):
            item.add_marker(pytest.mark.xdist_group(world))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: workers wait for steps, servers and Bicep half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    """Every server of these tests is started with it."""
    os.environ[CANARY] = "seen"


@pytest.fixture(scope="session")
def local(local_server: Server) -> Iterator[Emulator]:
    """One emulator a worker, with every parity rule in force; this process is pointed at it."""
    with Emulator(local_server.home, local_server.environments).addressed() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def _lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.at(tmp_path_factory.mktemp("lenient"), *parity.NAMES).running() as emulator:
        yield emulator
    shutil.rmtree(emulator.home.root)


@pytest.fixture
def lenient(_lenient: Emulator) -> Iterator[Emulator]:
    """An emulator with every parity rule switched off; this process is pointed at it during the test."""
    with _lenient.addressed():
        yield _lenient


@pytest.fixture
def lenient_client(lenient: Emulator) -> MLClient:
    """One workspace for all tests: with tracking-plugin off each has a tracking server from its first step."""
    return lenient.client("lenient")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """What runs `mlops` without importing the SDK each time."""
    made = Commands()
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def _bicep(shared: Path) -> Iterator[None]:
    """Whatever looks for Bicep finds its memo, where there is a Bicep at all."""
    if real := bicep.find():
        memo = Path(__file__).parent / "memo"
        path = f"{memo}{os.pathsep}{os.environ['PATH']}"
        with variables(PATH=path, BICEP=real, BICEP_MEMO=str(shared / "bicep")):
            yield
    else:
        yield
