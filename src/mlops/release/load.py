"""A steady load as callers make it: each request at its time, whether or not those before it are answered.

A latency is taken from when a request was to be sent, not from when it could be: what a stalled server keeps
waiting counts (no coordinated omission).
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .asking import OK, Ask

SHOWN = 200
WORKERS = 64
"""Requests under way at once. More wait for one of them, and their latency has begun."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: when it was to be sent (seconds from the beginning), how long that took, who answered what.

    `said` is the beginning of an answer that is not 200.
    """

    at: float
    seconds: float
    status: int
    deployment: str
    said: str = ""


@dataclass(frozen=True)
class LoadResult:
    """What came of a load, in the order in which it was to be sent."""

    sent: tuple[Sent, ...] = field(default=())

    @property
    def requests(self) -> int:
        return len(self.sent)

    @property
    def failed(self) -> int:
        """Requests that were not answered with 200."""
        return sum(each.status != OK for each in self.sent)

    @property
    def statuses(self) -> Counter[int]:
        """How many were answered how; 0 is no answer."""
        return Counter(each.status for each in self.sent)

    def of(self, deployment: str) -> LoadResult:
        """Those that one deployment answered."""
        return LoadResult(tuple(each for each in self.sent if each.deployment == deployment))

    def since(self, at: float, until: float = math.inf) -> LoadResult:
        """Those that were to be sent in a time, in seconds from the beginning."""
        return LoadResult(tuple(each for each in self.sent if at <= each.at < until))

    def percentile_ms(self, percent: float) -> float | None:
        """The latency that so many percent do not exceed, failures included; None without any request."""
        ordered = sorted(each.seconds for each in self.sent)
        return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1] * 1000 if ordered else None

    def document(self) -> dict[str, Any]:
        """The result for a program."""
        return {
            "requests": self.requests,
            "failed": self.failed,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "p50_ms": self.percentile_ms(50),
            "p99_ms": self.percentile_ms(99),
            "deployments": dict(Counter(each.deployment for each in self.sent)),
        }


def run(
    ask: Ask,
    bodies: Sequence[bytes],
    rate: float,
    seconds: float,
    deployment: str | None = None,
    stop: threading.Event | None = None,
    workers: int = WORKERS,
    clock: Callable[[], float] = time.monotonic,
) -> LoadResult:
    """Send `rate` requests a second, these bodies in turn, for so long or until `stop` is set; wait for the last.

    Several threads call `ask`. What it raises ends the load, once those under way are answered.
    """
    stop = stop or threading.Event()
    start = clock()

    def one(at: float, body: bytes) -> Sent:
        answer = ask(body, deployment)
        said = "" if answer.good else answer.body[:SHOWN].decode(errors="replace")
        return Sent(at, clock() - start - at, answer.status, answer.deployment, said)

    done: list[Sent] = []
    pending: deque[Future[Sent]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="load") as pool:
        for at, body in zip(_times(rate, seconds), itertools.cycle(bodies), strict=False):
            if stop.wait(max(0.0, start + at - clock())):
                break
            pending.append(pool.submit(one, at, body))
            # a load may go on for hours: what is over is kept small
            while pending and pending[0].done():
                done.append(pending.popleft().result())
        done += [future.result() for future in pending]
    return LoadResult(tuple(done))


def _times(rate: float, seconds: float) -> Iterator[float]:
    return itertools.takewhile(lambda at: at < seconds, (number / rate for number in itertools.count()))
