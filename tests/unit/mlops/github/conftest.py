"""A GitHub in a file, with the recorder `gh` before it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mlops.github.calls import GitHub
from tests.project import REPOSITORY
from tests.workflows.hub import REPOSITORY as NAME
from tests.workflows.hub import Hub

ALL = "ghs_" + "+".join(
    f"{each}.write" for each in ("actions", "attestations", "contents", "issues", "pull-requests")
)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub.at(tmp_path / "hub")
    # The interpreter itself, too: a version manager's `python3` takes a tenth of a second to find it.
    path = [REPOSITORY / "tests" / "workflows" / "bin", Path(sys.executable).resolve().parent, os.environ["PATH"]]
    variables = {
        **made.variables(),
        "PATH": os.pathsep.join(map(str, path)),
        "GH_TOKEN": ALL,
        "GITHUB_REPOSITORY": NAME,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def github(hub: Hub, said: list[str]) -> GitHub:
    """The repository of the hub; its pauses are said, and not made."""
    return GitHub(said.append, pause=lambda seconds: said.append(f"pause {seconds:g}"))
