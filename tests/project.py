"""A project at work: `mlops` as a person runs it, with a local Azure ML of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azureml_local.machine.home import Home
from azureml_local.server import control

from .commands import LIMIT, MLOPS, Commands
from .emulator import ENVIRONMENTS, REPOSITORY, Emulator

__all__ = ["MLOPS", "REPOSITORY", "Project", "copied"]


def copied(folder: Path) -> Path:
    """The project in a folder, as it is cloned: what git lists, without its history and what was made."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    return folder


@dataclass(frozen=True)
class Project:
    """Runs `mlops` in the repository against its own home; `config` names another mlops.toml.

    `root` is another project than this one: its code is what runs.
    """

    home: Path
    commands: Commands = field(repr=False)
    root: Path = REPOSITORY

    @property
    def variables(self) -> dict[str, str]:
        """What leads its commands to its home."""
        return {
            "AZUREML_LOCAL_HOME": str(self.home),
            "AZUREML_LOCAL_PORT": "0",
            "AZUREML_LOCAL_ENVIRONMENTS": str(ENVIRONMENTS),
        }

    def mlops(
        self, *words: str, config: Path | None = None, identity: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """One command; with `identity` as that of a GitHub environment, held to its roles."""
        acting = control.variables(Home.at(self.home), identity) if identity else {}
        return self.commands.run(list(words), self.root, self._variables(config, **more, **acting))

    def executable(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The same by the program that is installed, from the start of its interpreter on."""
        return subprocess.run(
            [str(MLOPS), *words],
            cwd=self.root,
            env=self._variables(None, **more),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def _variables(self, config: Path | None, **more: str) -> dict[str, str]:
        named = {"MLOPS_CONFIG": str(config)} if config else {}
        if self.root != REPOSITORY:
            named["PYTHONPATH"] = os.pathsep.join((str(self.root / "src"), str(self.root)))
        return {**os.environ, **self.variables, **named, **more}

    def json(self, *words: str, config: Path | None = None, identity: str = "") -> Any:
        """The document that a command prints; the command must succeed."""
        ended = self.mlops(*words, "--output", "json", config=config, identity=identity)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def end(self) -> None:
        """Stop its local Azure ML, and see that nothing is left."""
        Emulator.at(self.home).end()
        shutil.rmtree(self.home)
