"""Online deployments that many tests share: each start of an inference server costs a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator import Emulator

from .serving import Serving


@pytest.fixture(scope="session")
def serving(local: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Serving:
    """An endpoint whose deployment `blue` does what a request says; it has all the traffic."""
    with local.addressed():
        return Serving.create(local, tmp_path_factory.mktemp("score"))


@pytest.fixture(scope="session")
def _lenient_serving(_lenient: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Serving:
    with _lenient.addressed():
        return Serving.create(_lenient, tmp_path_factory.mktemp("score"))


@pytest.fixture
def lenient_serving(lenient: Emulator, _lenient_serving: Serving) -> Serving:
    """The same as `serving`, on the emulator whose rules are switched off."""
    return _lenient_serving


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder for the code of a step."""
    folder = tmp_path / "code"
    folder.mkdir()
    return folder
