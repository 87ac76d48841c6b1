"""One Azure, one GitHub and one runner, on which the workflows of this project run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.infra import bicep
from tests.commands import Commands
from tests.emulator import Emulator
from tests.project import Project

from . import azure, oidc, runner
from .story import Story
from .world import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Bicep there are no identities to act as."""
    try:
        bicep.find()
    except BadInput:
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents and "automated" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="neither `bicep` nor `az bicep` is installed"))


@pytest.fixture(scope="session")
def automated(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three targets as the templates make them, a repository with this project, and a runner."""
    folder = tmp_path_factory.mktemp("automated")
    cloud = Project(folder / "cloud", commands)
    with runner.running(folder / "runner") as machine:
        try:
            azure.make(cloud)
            with oidc.provider(azure.home(cloud)) as provider:
                world = World(folder, cloud, machine, provider)
                azure.land(cloud, world.project.folder / "mlops.toml", folder / "landed")
                yield world
        finally:
            try:
                cloud.end()
            finally:
                Emulator.at(machine.home).end()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def story(automated: World) -> Story:
    """One repository, to which things happen once."""
    hub = automated.hub()
    hub.approve("ada", "prod-release")
    return Story(automated, automated.clone(), hub)
