"""The same requests asked of two versions: of how many do they make another decision, and how many more alerts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ...errors import ServiceFailed
from ..asking import Answer, Ask

SURE = 2.326
"""Standard errors below which a value lies with 1 % at most (one-sided, normal)."""


class Decide(Protocol):
    """Which decisions an answer makes: one a row, True for an alert. ServiceFailed if it makes none."""

    def of(self, answer: Any) -> Sequence[bool]: ...


@dataclass(frozen=True)
class Agreement:
    """Paired decisions: `changed`, `alerts_before`, `alerts_after` are shares of the rows that they stand for."""

    asked: int
    paired: int
    changed: float = 0.0
    alerts_before: float = 0.0
    alerts_after: float = 0.0
    changed_error: float = 0.0
    alerts_error: float = 0.0
    """Standard errors of `changed` and of the difference in alerts: a request may stand for many rows."""
    effective: float = 0.0
    """As many requests of equal weight would tell as much."""

    @property
    def surely_changed(self) -> float:
        """The share of changed decisions that there is at least, as far as so few requests can tell.

        The better of two lower bounds: the errors' own is close where many requests of little weight changed,
        Wilson's where nearly all did, however few they are.
        """
        return max(self.changed - SURE * self.changed_error, _wilson(self.changed, self.effective), 0.0)

    @property
    def surely_moved(self) -> float:
        """By how much the share of alerts differs at least, either way."""
        return max(abs(self.alerts_after - self.alerts_before) - SURE * self.alerts_error, 0.0)

    @property
    def volume(self) -> float | None:
        """By which share there are more alerts (or fewer, below 0); None where there was none before."""
        if self.alerts_before:
            return self.alerts_after / self.alerts_before - 1
        return None if self.alerts_after else 0.0

    def document(self) -> dict[str, Any]:
        """The agreement for a program."""
        return {**asdict(self), "volume": self.volume}


def _wilson(share: float, requests: float) -> float:
    """The lower end of Wilson's interval for a share among so many requests; 0 where there are none."""
    if not requests:
        return 0.0
    square = SURE**2 / requests
    half = SURE * math.sqrt(max(share * (1 - share), 0.0) / requests + square / (4 * requests))
    return (share + square / 2 - half) / (1 + square)


def paired(decisions: Iterable[tuple[Sequence[bool], Sequence[bool], float]], asked: int) -> Agreement:
    """What pairs of decisions, before and after, agree on; each pair stands for as many rows as it weighs.

    Their variance is at most the sum of the squares of what they add: that of independent draws, each of which
    stands for its weight.
    """
    count, weight, squares, changed, before, after, of_changed, of_alerts = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for old, new, each in decisions:
        share = each / max(len(old), 1)
        others = share * sum(a != b for a, b in zip(old, new, strict=True))
        count += 1
        weight += each
        squares += each**2
        before += share * sum(old)
        after += share * sum(new)
        changed += others
        of_changed += others**2
        of_alerts += (share * (sum(new) - sum(old))) ** 2
    total = weight or 1.0
    errors = math.sqrt(of_changed) / total, math.sqrt(of_alerts) / total
    effective = weight**2 / squares if squares else 0.0
    return Agreement(asked, count, changed / total, before / total, after / total, *errors, effective)


def measured(
    ask: Ask, probes: Iterable[tuple[Any, Any, float]], decide: Decide, champion: str, candidate: str
) -> Agreement:
    """Ask both deployments, by their names, for each probe (request, recorded answer, weight).

    Both are decided by one threshold, that which callers act on now: scores that have moved are to be seen. What
    either does not answer with decisions, as many as the other, is asked and not paired.
    """
    asked, pairs = 0, []
    for request, _, weight in probes:
        asked += 1
        body = json.dumps(request).encode()
        old, new = (_decisions(decide, ask(body, name)) for name in (champion, candidate))
        if old and new and len(old) == len(new):
            pairs.append((old, new, weight))
    return paired(pairs, asked)


def _decisions(decide: Decide, answer: Answer) -> Sequence[bool]:
    """The decisions of an answer; none where there are none to be read in it."""
    try:
        return decide.of(json.loads(answer.body)) if answer.good else ()
    except (ValueError, ServiceFailed):
        return ()
