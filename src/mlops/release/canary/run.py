"""The phases of a canary as they go: look at the figures, judge them, say so, and wait for the next look."""

from __future__ import annotations

import contextlib
import json
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ...config import Canary
from ...errors import MlopsError
from .. import load
from ..asking import Ask
from ..clock import Clock
from ..figures import Counts, Health
from .agreement import Agreement
from .verdict import EVERYBODY, Verdict, fair_share, judge


class Source(Protocol):
    """Where figures come from: requests that a deployment answered since a moment, and how its instances are."""

    def counts(self, deployments: Sequence[str], since: datetime, slower_than_ms: float) -> dict[str, Counts]: ...
    def health(self, deployment: str) -> Health: ...


@dataclass(frozen=True)
class Phase:
    """What is judged: a candidate that has `percent` of the requests since a moment, or of them copied.

    `reference` stands for the champion where it has no requests any more: what it did in the phase before.
    """

    candidate: str
    champion: str
    percent: int
    seconds: float
    since: datetime
    mirrored: bool = False
    reference: Counts | None = None
    agreement: Agreement | None = None

    @property
    def fair(self) -> float:
        """The share of both versions' answers that is to be the candidate's."""
        return fair_share(self.percent, mirrored=self.mirrored)


@dataclass
class Watch:
    """Looks at a candidate until it is known to be good, or not. `tick` is called before each look.

    `show` gets a line of what is seen. `until` is when an undecided phase is given up; `look` is written for each
    verdict.
    """

    source: Source
    policy: Canary
    clock: Clock
    until: datetime
    tick: Callable[[], None]
    show: Callable[[Phase, Counts, Counts, Verdict], None]

    @classmethod
    def beginning(cls, source: Source, policy: Canary, clock: Clock, **how: Any) -> Watch:
        """One that gives up `max_minutes` from now."""
        return cls(source, policy, clock, clock.now() + timedelta(minutes=policy.max_minutes), **how)

    def judged(self, phase: Phase) -> Verdict:
        """The last verdict on a phase, go or stop: one that stays undecided is a stop, and never a pass."""
        while True:
            self.tick()
            verdict = self._look(phase)
            now = self.clock.now()
            lasted = now - phase.since >= timedelta(seconds=phase.seconds)
            if verdict.decision == "stop" or (verdict.decision == "go" and lasted):
                return verdict
            if verdict.decision == "undecided" and now >= self.until:
                given_up = f"undecided for {self.policy.max_minutes:g} minutes: no data is no pass"
                return Verdict("stop", [given_up, *verdict.reasons], verdict.figures)
            self.clock.sleep(self.policy.look_seconds)

    def _look(self, phase: Phase) -> Verdict:
        names = [phase.candidate] if phase.reference else [phase.candidate, phase.champion]
        try:
            counts = self.source.counts(names, phase.since, self.policy.objective_ms)
            health = self.source.health(phase.candidate)
        except MlopsError as error:
            # the canary has begun: figures may come back, and its time is limited
            return Verdict("undecided", [f"metrics: {error}"], {})
        mine = counts.get(phase.candidate, Counts(0))
        other = phase.reference or counts.get(phase.champion, Counts(0))
        verdict = judge(self.policy, mine, other, phase.fair, phase.agreement, health)
        self.show(phase, mine, other, verdict)
        return verdict


def counted(figures: dict[str, Any] | None, who: str) -> Counts | None:
    """Counts as a verdict's figures have them; None where they have none."""
    found = dict((figures or {}).get(who) or {})
    found.pop("error_rate", None)
    return Counts(**found) if found else None


@contextlib.contextmanager
def requests(ask: Ask, bodies: Sequence[Any], rate: float) -> Iterator[None]:
    """So many requests a second of one's own, which go where the traffic leads, as long as the block takes."""
    if not rate or not bodies:
        yield
        return
    stop = threading.Event()
    sent = [json.dumps(body).encode() for body in bodies]
    with ThreadPoolExecutor(1, thread_name_prefix="own requests") as pool:
        sending = pool.submit(load.run, ask, sent, rate, math.inf, stop=stop)
        try:
            yield
        finally:
            stop.set()
        sending.result()


def bar(share: int, width: int = 10) -> str:
    """A share of the traffic as a bar."""
    full = round(share * width / EVERYBODY)
    return "█" * full + "·" * (width - full)


def line(phase: Phase, candidate: Counts, champion: Counts, verdict: Verdict) -> str:
    """What a person reads of a look, in 80 columns: the candidate's figures, after the stroke the champion's."""
    both = (candidate, champion)
    what = f"{'mirror' if phase.mirrored else 'canary'} {phase.percent:3} % {bar(phase.percent)}"
    errors = "/".join(f"{each.error_rate * 100:.1f}" for each in both)
    p50 = "/".join(_ms(each.p50_ms) for each in both)
    p99 = "/".join(_ms(each.p99_ms) for each in both)
    many = "/".join(_short(each.requests) for each in both)
    return f"{what} {many} req {errors} % err p50 {p50} p99 {p99} ms {verdict.decision}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _short(number: int) -> str:
    return f"{number / 1000:.0f}k" if number >= 10_000 else str(number)
