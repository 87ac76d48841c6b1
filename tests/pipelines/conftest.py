"""A project at work: `mlops` as a person runs it, with a local Azure ML of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_local import control
from azureml_local.home import Home

REPOSITORY = Path(__file__).parents[2]
MLOPS = Path(sys.executable).with_name("mlops")
LIMIT = 300
"""Seconds after which a command is taken to hang."""


@dataclass(frozen=True)
class Project:
    """Runs `mlops` in the repository against its own home; `config` names another mlops.toml."""

    home: Path

    def mlops(self, *words: str, config: Path | None = None) -> subprocess.CompletedProcess[str]:
        variables = {
            **os.environ,
            "AZUREML_LOCAL_HOME": str(self.home),
            "AZUREML_LOCAL_PORT": "0",
            "AZUREML_LOCAL_ENVIRONMENTS": str(REPOSITORY / ".azureml-local" / "environments"),
        }
        if config:
            variables["MLOPS_CONFIG"] = str(config)
        command = [str(MLOPS), *words]
        return subprocess.run(
            command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=LIMIT, check=False
        )

    def json(self, *words: str, config: Path | None = None) -> Any:
        """The document that a command prints; the command must succeed."""
        ended = self.mlops(*words, "--output", "json", config=config)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose local Azure ML ends with the tests and leaves nothing behind."""
    home = tmp_path_factory.mktemp("project")
    yield Project(home)
    control.stop(Home.at(home))
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    assert str(home) not in listed
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def told(project: Project) -> dict[str, Any]:
    """The demo, run once: the whole loop through the real SDK. Its result."""
    result: dict[str, Any] = project.json("demo")
    return result
