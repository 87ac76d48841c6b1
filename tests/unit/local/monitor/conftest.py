"""An Azure Monitor without a server: its parts, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from azureml_local.arm.context import Context
from azureml_local.machine.home import Home
from azureml_local.parity import Parity
from azureml_local.server.serve import build

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    made = build(Home.at(tmp_path_factory.mktemp("home")), 0, Parity(), 100)
    yield made
    made.stop()
