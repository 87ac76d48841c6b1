"""What a runner has: programs on PATH, and a place where `make` finds set up what it would download."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.emulator import ENVIRONMENTS

from . import warm

HERE = Path(__file__).parent
MADE = (".venv/.cli", ".venv/.dev", ".checkov/.done")
"""What `make` takes for done if it is newer than its lock."""


@dataclass(frozen=True)
class Runner:
    """The programs of a runner, and its local Azure ML: every job of every run finds the same ones."""

    folder: Path
    door: Path

    @property
    def home(self) -> Path:
        """Where the local Azure ML of jobs without a subscription keeps its state, from run to run."""
        return self.folder / "home"

    @property
    def artifacts(self) -> Path:
        """What jobs uploaded: RUN/NAME/…"""
        return self.folder / "artifacts"

    @property
    def tools(self) -> list[list[str]]:
        """The calls of ruff, mypy, pytest and so on."""
        file = self.folder / "tools.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def path(self) -> tuple[Path, ...]:
        """Folders of PATH: the recorders `gh` and `az`, Python and git as this machine has them."""
        return (HERE / "bin", self.folder / "bin")

    def variables(self) -> dict[str, str]:
        return {
            "MLOPS_DOOR": str(self.door),
            "PYTHON_SET_UP": sys.executable,
            "SET_UP": str(HERE / "venv"),
            "SET_UP_ENVIRONMENTS": str(ENVIRONMENTS),
            "TOOLS_LOG": str(self.folder / "tools.jsonl"),
            "TOOL_CACHE": str(self.folder),
            "ARTIFACTS": str(self.artifacts),
            "ACTIONS_LOG": str(self.folder / "actions.jsonl"),
            "AZUREML_LOCAL_HOME": str(self.home),
            "AZUREML_LOCAL_PORT": "0",
            "AZUREML_LOCAL_ENVIRONMENTS": str(ENVIRONMENTS),
        }


@contextmanager
def running(folder: Path) -> Iterator[Runner]:
    """A runner whose files lie in `folder`; what its jobs started ends with it."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    base = Path(getattr(sys, "_base_executable", sys.executable))
    (programs / "python3").symlink_to(base)
    for name in ("git", "make"):
        found = shutil.which(name)
        assert found, f"{name} is needed"
        (programs / name).symlink_to(found)
    near = Path(tempfile.mkdtemp())  # the address of a socket has to be short
    parent = warm.start(near / "door")
    try:
        yield Runner(folder, near / "door")
    finally:
        parent.communicate()
        shutil.rmtree(near)
