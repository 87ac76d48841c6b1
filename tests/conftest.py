"""Fixtures that every test of the emulator and of what runs on it shares."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from azureml_local import parity

from .emulator import Emulator

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator a worker, with every parity rule in force; this process is pointed at it."""
    emulator = Emulator.at(tmp_path_factory.mktemp("local")).start()
    try:
        with emulator.addressed():
            yield emulator
    finally:
        _end(emulator)


@pytest.fixture(scope="session")
def _lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator.at(tmp_path_factory.mktemp("lenient"), *parity.NAMES).start()
    try:
        yield emulator
    finally:
        _end(emulator)


def _end(emulator: Emulator) -> None:
    """Stop, and see that nothing is left: no process, and a folder that can be removed.

    Whatever a test looked at, the server must not have met an error of its own.
    """
    emulator.stop()
    log = (emulator.home.logs / "server.log").read_text()
    assert "Traceback" not in log, log
    assert emulator.processes() == []
    shutil.rmtree(emulator.home.root)


@pytest.fixture
def ml_client(local: Emulator) -> MLClient:
    """A client of a fresh workspace."""
    return local.client()


@pytest.fixture
def lenient(_lenient: Emulator) -> Iterator[Emulator]:
    """An emulator with every parity rule switched off; this process is pointed at it during the test."""
    with _lenient.addressed():
        yield _lenient


@pytest.fixture
def lenient_client(lenient: Emulator) -> MLClient:
    """One workspace for all tests: with tracking-plugin off each has a tracking server from its first step."""
    return lenient.client("lenient")
