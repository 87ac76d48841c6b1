"""Versions that are not as good: each is stopped, the traffic is where it was, and the reason is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from mlops.errors import MlopsError, RolledBack, ServiceFailed
from mlops.release.figures import Counts, Health
from mlops.release.steps import ShiftTraffic

from .world import BROKEN, GOOD, SHIFTED, STARTLESS, Figures, World

WELL = Counts(5000, 2, 10, 3.0, 9.0)


@dataclass
class Later(Figures):
    """Well for so many looks, then not."""

    looks: int = 3

    def counts(self, deployments: Sequence[str], since: datetime, slower_than_ms: float) -> dict[str, Counts]:
        found = super().counts(deployments, since, slower_than_ms)
        bad = len(self.asked) > self.looks
        return {**found, deployments[0]: Counts(5000, 900, 0, 3.0, 9.0) if bad else self.candidate}


BAD = {
    "5 % errors": (
        Figures(champion=WELL, candidate=Counts(5000, 250, 0, 3.0, 9.0)),
        "mirror: errors: 250 of 5,000",
    ),
    "p99 × 5": (Figures(champion=WELL, candidate=Counts(5000, 2, 900, 15.0, 45.0)), "mirror: slow: 900 of 5,000"),
    "memory": (Figures(champion=WELL, health_=Health(1, 1, 0, 0.97)), "uses 97 % of its memory"),
    "killed for its memory": (Figures(champion=WELL, health_=Health(1, 1, 2)), "was started again, 2 times"),
    "not ready": (Figures(champion=WELL, health_=Health(2, 1)), "1 of 2 instances are ready"),
    "fails later": (Later(champion=WELL, candidate=WELL), "canary at 50 %: errors: 900"),
    "no requests": (Figures(champion=WELL, candidate=Counts(0)), "undecided for 2 minutes: no data is no pass"),
}


@pytest.fixture(scope="module")
def live(local, releases: str) -> Any:
    """One endpoint for all of them: each leaves it as it was."""
    from .conftest import end
    from .world import quick

    with quick():
        world = World.of(local, releases, failed="remove")
        world.release(1)
        yield world
        end(world)


def stays(world: World, version: int) -> None:
    """The version has all the traffic, alone, and answers."""
    now = world.now()
    assert [each.version for each in now.deployments] == [version]
    assert now.champion
    assert (dict(now.traffic), dict(now.mirror)) == ({now.champion.name: 100}, {})
    assert world.store.read("lease.json") is None
    world.answers(float(version))


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_canary_is_rolled_back_and_its_reason_is_named(live: World, kind: str) -> None:
    figures, reason = BAD[kind]
    with pytest.raises(RolledBack, match="trivial:2 was stopped") as stopped:
        live.release(2, figures)
    assert reason in str(stopped.value)
    document = live.newest.document
    assert (document["state"], document["reason"]) == ("rolled back", document["stopped"])
    assert reason in document["reason"]
    assert live.store.read(f"{live.newest.id}/release.json")
    assert document["logs"] in live.store.names()
    shares = [step["share"] for step in document["steps"] if step["step"] == "Canary"]
    assert all(share < 100 for share in shares)
    assert document["steps"][-3]["step"] == ShiftTraffic.__name__
    stays(live, 1)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (BROKEN, "proof: the evaluation's request is answered with 500"),
        (SHIFTED, "mirror: agreement: 100 % of the decisions on 2 requests are others"),
        (STARTLESS, "the deployment failed"),
    ],
)
def test_what_answers_otherwise_never_gets_a_request(live: World, version: int, reason: str) -> None:
    with pytest.raises(RolledBack) as stopped:
        live.release(version, Figures(champion=WELL, candidate=WELL))
    assert reason in str(stopped.value)
    assert not [step for step in live.newest.document["steps"] if step["step"] == "Canary"]
    stays(live, 1)


def test_without_figures_no_canary_begins(live: World) -> None:
    def none(self: Any, *_: Any) -> Any:
        raise ServiceFailed("Azure Monitor does not answer")

    silent = type("Silent", (Figures,), {"counts": none})()
    before = live.store.names()
    with pytest.raises(ServiceFailed, match="Azure Monitor does not answer"):
        live.release(2, silent)
    assert live.store.names() == before, "nothing was made"
    stays(live, 1)


def test_figures_that_are_lost_in_the_middle_are_no_pass(live: World) -> None:
    @dataclass
    class Lost(Figures):
        def counts(self, deployments: Sequence[str], since: datetime, slower_than_ms: float) -> dict[str, Counts]:
            found = super().counts(deployments, since, slower_than_ms)
            if len(self.asked) > 2:
                raise ServiceFailed("Azure Monitor does not answer")
            return found

    with pytest.raises(RolledBack, match=r"undecided for 2 minutes: .*Azure Monitor does not answer"):
        live.release(2, Lost(champion=WELL, candidate=WELL))
    stays(live, 1)


def test_a_stop_that_is_broken_off_is_gone_on_with(live: World) -> None:
    from .wire import Killed, wired

    bad = BAD["5 % errors"][0]
    with wired() as wire, pytest.raises(RolledBack):
        live.release(2, bad)
    for number in range(wire.written - 8, wire.written + 1):
        with wired("killed", number, writes=True), pytest.raises((Killed, MlopsError)):
            live.release(2, bad)
        with pytest.raises(RolledBack, match="errors: 250"):
            live.release(2, replace(bad, health_=GOOD))
        stays(live, 1)
