"""The same requests asked of two versions: of how many do they make another decision, and how many more alerts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..asking import Ask


class Decide(Protocol):
    """Which decisions an answer makes: one for each of its rows, True for an alert."""

    def of(self, answer: Any) -> Sequence[bool]: ...


@dataclass(frozen=True)
class Agreement:
    """Paired decisions: `changed`, `alerts_before`, `alerts_after` are shares of the rows that they stand for."""

    asked: int
    paired: int
    changed: float = 0.0
    alerts_before: float = 0.0
    alerts_after: float = 0.0

    @property
    def volume(self) -> float | None:
        """By which share there are more alerts (or fewer, below 0); None where there was none before."""
        if self.alerts_before:
            return self.alerts_after / self.alerts_before - 1
        return None if self.alerts_after else 0.0

    def document(self) -> dict[str, Any]:
        """The agreement for a program."""
        return {**asdict(self), "volume": self.volume}


def paired(
    answers: Iterable[tuple[Any, Any, float]], decide: Callable[[Any], Sequence[bool]], asked: int
) -> Agreement:
    """What pairs of answers, before and after, agree on; each stands for as many rows as it weighs.

    Both are decided by one threshold, that which callers act on now: scores that moved are to be seen.
    """
    count, weight, changed, before, after = 0, 0.0, 0.0, 0.0, 0.0
    for old, new, each in answers:
        decisions, others = decide(old), decide(new)
        share = each / max(len(decisions), 1)
        count += 1
        weight += each
        before += share * sum(decisions)
        after += share * sum(others)
        changed += share * sum(a != b for a, b in zip(decisions, others, strict=True))
    total = weight or 1.0
    return Agreement(asked, count, changed / total, before / total, after / total)


def measured(
    ask: Ask, probes: Iterable[tuple[Any, Any, float]], decide: Decide, champion: str, candidate: str
) -> Agreement:
    """Ask both deployments, by their names, for each probe (request, recorded answer, weight)."""
    asked, answers = 0, []
    for request, _, weight in probes:
        asked += 1
        body = json.dumps(request).encode()
        old, new = ask(body, champion), ask(body, candidate)
        if old.good and new.good:
            answers.append((json.loads(old.body), json.loads(new.body), weight))
    return paired(answers, decide.of, asked)
