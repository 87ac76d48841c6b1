"""A project at work: `mlops` as a person runs it, with a local Azure ML of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azureml_local.machine.home import Home
from azureml_local.server import control

REPOSITORY = Path(__file__).parents[1]
MLOPS = Path(sys.executable).with_name("mlops")
LIMIT = 300
"""Seconds after which a command is taken to hang."""


@dataclass(frozen=True)
class Project:
    """Runs `mlops` in the repository against its own home; `config` names another mlops.toml."""

    home: Path

    @property
    def variables(self) -> dict[str, str]:
        """What leads its commands to its home."""
        return {
            "AZUREML_LOCAL_HOME": str(self.home),
            "AZUREML_LOCAL_PORT": "0",
            "AZUREML_LOCAL_ENVIRONMENTS": str(REPOSITORY / ".azureml-local" / "environments"),
        }

    def mlops(
        self, *words: str, config: Path | None = None, identity: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """One command; with `identity` as that of a GitHub environment, held to its roles."""
        variables = {**os.environ, **self.variables, **more}
        if config:
            variables["MLOPS_CONFIG"] = str(config)
        acting = ["local", "run", "--as", identity, "--", str(MLOPS)] if identity else []
        command = [str(MLOPS), *acting, *words]
        return subprocess.run(
            command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=LIMIT, check=False
        )

    def json(self, *words: str, config: Path | None = None, identity: str = "") -> Any:
        """The document that a command prints; the command must succeed."""
        ended = self.mlops(*words, "--output", "json", config=config, identity=identity)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def end(self) -> None:
        """Stop its local Azure ML, and see that nothing is left."""
        log = (self.home / "logs" / "server.log").read_text()
        control.stop(Home.at(self.home))
        listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
        assert str(self.home) not in listed
        assert "Traceback" not in log, log
        shutil.rmtree(self.home)
