"""The open-loop load: latencies from the scheduled time, and what is counted."""

from __future__ import annotations

import threading

import pytest

from mlops.errors import ServiceFailed
from mlops.release.asking import DEPLOYMENT, Answer
from mlops.release.load import LoadResult, Sent, run


class Slow:
    """A server that takes half a second of a clock which only it moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def __call__(self, body: bytes, deployment: str | None = None) -> Answer:
        self.now += 0.5
        return Answer(200, {DEPLOYMENT: deployment or "blue"}, body)


def test_a_latency_begins_when_a_request_was_to_be_sent() -> None:
    """One at a time, half a second each, though one is due each millisecond: the tenth has waited for nine."""
    server = Slow()
    found = run(server, [b"x"], rate=1000, seconds=0.01, workers=1, clock=server.clock)
    assert [each.at for each in found.sent] == pytest.approx([number / 1000 for number in range(10)])
    assert [each.seconds for each in found.sent] == pytest.approx(
        [0.5 * (number + 1) - number / 1000 for number in range(10)]
    )


def test_bodies_take_turns_and_a_deployment_is_asked_by_name() -> None:
    server, asked = Slow(), []

    def ask(body: bytes, deployment: str | None = None) -> Answer:
        asked.append((body, deployment))
        return server(body, deployment)

    found = run(ask, [b"a", b"b"], rate=1000, seconds=0.003, deployment="green", workers=1, clock=server.clock)
    assert asked == [(b"a", "green"), (b"b", "green"), (b"a", "green")]
    assert found.of("green") == found
    assert not found.of("blue").requests


def test_it_ends_when_it_is_told_to() -> None:
    stop = threading.Event()

    def ask(_: bytes, deployment: str | None = None) -> Answer:
        stop.set()
        return Answer(200)

    assert run(ask, [b""], rate=1, seconds=3600, stop=stop).requests == 1


def test_what_cannot_be_asked_comes_out() -> None:
    def ask(_: bytes, deployment: str | None = None) -> Answer:
        raise ServiceFailed("no key")

    with pytest.raises(ServiceFailed, match="no key"):
        run(ask, [b""], rate=1000, seconds=0.002)


def test_what_is_counted() -> None:
    sent = (
        Sent(0, 0.010, 200, "blue"),
        Sent(1, 0.020, 200, "green"),
        Sent(2, 0.030, 424, "green", "no"),
        Sent(3, 5.0, 0, ""),
    )
    found = LoadResult(sent)
    assert (found.requests, found.failed) == (4, 2)
    assert found.document() == {
        "requests": 4,
        "failed": 2,
        "statuses": {"0": 1, "200": 2, "424": 1},
        "p50_ms": 20.0,
        "p99_ms": 5000.0,
        "deployments": {"blue": 1, "green": 2, "": 1},
    }
    assert found.since(1, 3).requests == 2
    assert found.of("green").failed == 1
    assert LoadResult().percentile_ms(99) is None
