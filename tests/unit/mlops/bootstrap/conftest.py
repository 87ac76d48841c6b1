"""A fresh world for each test; az and gh are the recorders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    made.set_up()
    for name, value in made.environment(os.environ["PATH"]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.project)
    return made
