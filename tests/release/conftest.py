"""One workspace for all tests of releases: versions are registered once, endpoints are each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator import Emulator

from .world import BREAKING, BROKEN, FAILS, REFUSED, SHIFTED, STARTLESS, World, quick, ready, register


@pytest.fixture(scope="session")
def releases(local: Emulator) -> Iterator[str]:
    """A workspace with versions 1 to 3 of a model, each of which answers otherwise, and some that are no good."""
    with local.addressed(), quick():
        name = ready(local)
        client = local.client(name)
        for version in (1, 2, 3):
            register(client, version, bias=float(version))
        register(client, BROKEN, score=FAILS)
        register(client, SHIFTED, bias=5.0, probes=True)
        register(client, STARTLESS, score="def init():\n    raise RuntimeError('no model in here')\n")
        register(client, REFUSED, verdict={"decision": "reject", "mode": "enforce", "approval": None})
        register(client, BREAKING, bias=8.0, inputs=("x", "y"))
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
