"""A release is broken off at its calls to the service, in each of five ways, and run again.

Each time it ends in one version with all the traffic, no orphan, and the evidence of one release. What a release
has done until it is broken off is what it has written until then: so here it is broken off at each of its writes,
and in front of some of the reads between them. `make soak` does it at every call, in every way.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

import pytest

from mlops.errors import MlopsError
from tests.emulator import REPOSITORY

from .wire import KINDS, Killed, Wire, wired
from .world import Figures, World

SOAK = "RELEASE_SOAK" in os.environ
PHASES = [("mirror", "go"), ("50", "go"), ("100", "go")]
STRIDE = 7
"""Of the reads one in so many; the kinds of outage share the writes among them."""
OUTAGES = ("429", "500", "time-out")


def case(world: World, version: int, kind: str, at: int, *, writes: bool) -> Wire:
    """A release that is struck, and run again: to the one end that there is."""
    known = set(world.store.names())
    with wired(kind, at, writes=writes) as wire, contextlib.suppress(Killed, MlopsError):
        world.release(version, Figures())
    world.release(version, Figures())
    world.alone(version)
    document = world.newest.document
    assert document["proof"] == {"passed": True, "reasons": []}
    assert [(each["name"], each["decision"]) for each in document["phases"]] == PHASES
    made = {name for name in set(world.store.names()) - known if name.endswith("/release.json")}
    assert made == {f"{document['id']}/release.json"}, "one release, whatever it went through"
    return wire


def counted(world: World) -> Wire:
    """The calls of a release that nothing befalls, from a state that is that of each case."""
    world.release(1, Figures())
    world.release(2, Figures())
    with wired() as wire:
        world.release(3, Figures())
    world.alone(3)
    return wire


def cases(kind: str, wire: Wire) -> list[tuple[int, bool]]:
    """Where a release is broken off: (the number of a call, or with True of a write)."""
    writes, calls = range(1, wire.written + 1), range(1, len(wire.calls) + 1)
    if SOAK:
        return [(number, False) for number in calls]
    if kind in OUTAGES:
        mine = OUTAGES.index(kind)
        some = [number for number in calls if number % (STRIDE * len(OUTAGES)) == STRIDE * mine]
        return [
            *((number, True) for number in writes if number % len(OUTAGES) == mine),
            *((n, False) for n in some),
        ]
    return [(number, True) for number in writes]


@pytest.mark.parametrize("kind", KINDS)
def test_broken_off_at_its_calls_a_release_is_finished_by_the_next_run(world_of, kind: str) -> None:
    world: World = world_of(keep=2)
    wire = counted(world)
    done, version = 0, 1
    for number, writes in cases(kind, wire):
        struck = case(world, version, kind, number, writes=writes)
        assert struck.struck or number > len(struck.calls) - 5, (kind, number)
        done += 1
        version = 1 + version % 3
    sys.stdout.write(f"{kind}: {len(wire.calls)} calls, {wire.written} of them writes; broken off at {done}\n")


KILLED = """
import os, signal, sys
from mlops.release import traffic
from tests.emulator import Emulator
from tests.release.world import Figures, World, config_of
from azureml_local.machine.home import Home
from pathlib import Path

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

home, workspace, endpoint = sys.argv[1:]
emulator = Emulator(Home.at(Path(home)), Path())
with emulator.addressed():
    world = World(emulator, emulator.client(workspace), config_of(endpoint, workspace))
    traffic.write = killed
    world.release(2, Figures(), pid=os.getpid())
"""


def test_a_process_that_was_killed_for_real_holds_nothing(world: World) -> None:
    """By the system, with its lease, in front of the first write of the traffic."""
    world.release(1)
    words = [str(world.emulator.home.root), world.config.target("local").workspace, world.endpoint]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *words],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr
    assert world.store.read("lease.json") is not None
    assert world.newest.document["state"] == "under way"
    world.release(2, Figures())
    world.alone(2)
