"""One workspace for all tests of releases: versions are registered once, endpoints are each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator import Emulator

from .world import World, quick, ready, register


@pytest.fixture(scope="session")
def releases(local: Emulator) -> Iterator[str]:
    """A workspace with versions 1 to 3 of a model: each answers otherwise."""
    with local.addressed(), quick():
        name = ready(local)
        for version in (1, 2, 3):
            register(local.client(name), version, bias=float(version))
        yield name


@pytest.fixture
def world(local: Emulator, releases: str) -> Iterator[World]:
    """An endpoint of the test's own, which is not there yet."""
    with quick():
        made = World.of(local, releases)
        yield made
        end(made)


def end(world: World) -> None:
    """Delete what is behind an endpoint: each instance is a process."""
    if world.now().state is not None:
        world.client.online_endpoints.begin_delete(world.endpoint).result()


@pytest.fixture
def world_of(local: Emulator, releases: str) -> Iterator[Any]:
    """Makes worlds of other settings of `[release]`."""
    made: list[World] = []

    def make(**changes: Any) -> World:
        made.append(World.of(local, releases, **changes))
        return made[-1]

    with quick():
        yield make
        for each in made:
            end(each)
