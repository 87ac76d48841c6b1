"""Three targets that the templates made, and everything that workflows do in them, each as its own identity."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from azureml_local.machine.home import Home
from azureml_local.server import control
from mlops.errors import BadInput
from mlops.infra import bicep
from mlops.infra.arm import Manager
from tests.commands import Commands
from tests.emulator import variables
from tests.project import MLOPS, Project
from tests.small import small

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TARGETS = ("dev", "staging", "prod")
AS_OF = ("--as-of", "last")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Bicep there is nothing to deploy."""
    try:
        bicep.find()
    except BadInput:
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="neither `bicep` nor `az bicep` is installed"))


@dataclass
class World:
    """The project, and what its commands said."""

    project: Project
    config: Path
    said: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def run(
        self, name: str, *words: str, identity: str = "", code: int = 0, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """A command that must end with this code; `name` is what tests find it by."""
        ended = self.project.mlops(*words, identity=identity, **{"MLOPS_CONFIG": str(self.config), **more})
        return self._note(name, ended, code)

    def run_as(self, identity: str, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """The same as a person does it, by `mlops local run --as`: with the program itself, twice."""
        acting = ("local", "run", "--as", identity, "--", str(MLOPS))
        ended = self.project.executable(*acting, *words, MLOPS_CONFIG=str(self.config))
        return self._note(name, ended, 0)

    def _note(
        self, name: str, ended: subprocess.CompletedProcess[str], code: int
    ) -> subprocess.CompletedProcess[str]:
        assert ended.returncode == code, (name, ended.returncode, ended.stdout, ended.stderr)
        self.said[name] = ended
        return ended

    @property
    def home(self) -> Home:
        return Home.at(self.project.home)

    @contextlib.contextmanager
    def acting(self, identity: str = "") -> Iterator[Manager]:
        """Azure Resource Manager, as the identity of a GitHub environment; "": as the person at this machine."""
        with variables(**control.variables(self.home, identity)):
            yield Manager()

    def person(self) -> contextlib.AbstractContextManager[Manager]:
        return self.acting()

    def permissions(self) -> list[dict[str, Any]]:
        """Each identity, what it was granted, and what of it some request has needed."""
        return list(control.ask(self.home, "/permissions")["identities"])

    def used(self, identity: str) -> list[dict[str, Any]]:
        """What an identity asked for and got."""
        own = (each for each in self.permissions() if each["id"].startswith(f"/subscriptions/{SUBSCRIPTION}/"))
        (found,) = (each for each in own if each["identity"] == identity)
        return list(found["used"])


@pytest.fixture(scope="session")
def deployed(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The identities by a person, the rest by the identity that deploys: three targets in one local Azure ML."""
    folder = tmp_path_factory.mktemp("delivery")
    world = World(Project(folder / "home", commands), _small(folder))
    try:
        world.run("bootstrap", "infra", "apply", "--target", "local", "--deployment", "bootstrap")
        for target in TARGETS:
            world.run(f"{target}: plan first", *of("infra plan", target), identity=f"{target}-plan")
            world.run(f"{target}: apply", *of("infra apply", target), identity=f"{target}-infrastructure")
        yield world
    finally:
        world.project.end()


def of(command: str, target: str) -> list[str]:
    """The words of a command for a target."""
    return [*command.split(), "--target", target]


@pytest.fixture(scope="session")
def delivered(deployed: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Everything that the workflows call, as the identities that they have."""
    world, landed = deployed, tmp_path_factory.mktemp("delivered") / "landed"
    world.run("generate", "data", "generate", str(landed))
    world.run("publish", *of(f"data publish {landed}", "dev"), *AS_OF, identity="dev-train")
    # a working copy under test may be dirty
    train = [*of("train", "dev"), "--allow-dirty"]
    trial = world.run("trial", *train, *AS_OF, "--no-register", "--output", "json", identity="dev-pull-request")
    world.run("trained", *train, *AS_OF, identity="dev-train")
    world.run("gate", *of(f"gate {_job(trial)}", "dev"), identity="dev-pull-request")
    world.run_as("dev-pull-request", "status", *of("status", "dev"))
    world.run_as("dev-release", "deployed", *of("deploy", "dev"))
    world.run("scored", *of("score", "dev"), identity="dev-release")
    for identity in ("dev-release", "dev-pull-request"):
        world.run(f"seen by {identity}", *of("status", "dev"), "--output", "json", identity=identity)
    world.run("retrained", *train, *AS_OF, "--set", "validation_weeks=1", identity="dev-train")
    world.run("redeployed", *of("deploy", "dev"), identity="dev-release")
    # the champion is looked up, now that there is one
    world.run("trial again", *train, *AS_OF, "--no-register", identity="dev-pull-request")
    for target in TARGETS[1:]:
        # a person trains here: the steps and the release are the target's own identities
        here = control.variables(world.home)
        world.run(f"{target}: publish", *of(f"data publish {landed}", target), *AS_OF, **here)
        world.run(f"{target}: trained", *of("train", target), "--allow-dirty", *AS_OF, **here)
        words = [*of("deploy", target), "--approved-by", "tests"]
        world.run(f"{target}: deployed", *words, identity=f"{target}-release")
        world.run(f"{target}: scored", *of("score", target), identity=f"{target}-release")
    for target in TARGETS:
        for verb in ("plan", "check"):
            world.run(f"{target}: {verb}", *of(f"infra {verb}", target), identity=f"{target}-plan")
    return world


def _job(trial: subprocess.CompletedProcess[str]) -> str:
    return str(json.loads(trial.stdout)["job"])


def _small(folder: Path) -> Path:
    """The project's configuration for little data; one deployment is kept, so that the next takes another away."""
    config = folder / "mlops.toml"
    config.write_text(small(**{"keep = 3 ": "keep = 1 "}))
    return config
