"""The verdict on a phase of a canary: go, stop or undecided, with reasons for the person on call. Pure.

Figures may be judged as often as one likes, see `sequential`: looking again and again costs nothing of the
error rates that `[release.canary]` asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ...config import Canary
from ..figures import Counts, Health
from .agreement import Agreement
from .sequential import evidence, excess_bounds, rate_bounds

Decision = Literal["go", "stop", "undecided"]
OUTAGE = 0.1
"""A share of the champion's own requests that fail, above which nothing is promoted: the two are alike because
something else is broken."""
EVERYBODY = 100
MOST_ODDS = 1e9
"""What is rarer is said to be at most this rare: it is true, and can be read."""


@dataclass(frozen=True)
class Verdict:
    """`stop`: shown to be worse. `go`: shown not to be worse by more than the margins. Else `undecided`.

    `reasons` are those of the decision, a line each; `figures` is what they were made from, as JSON.
    """

    decision: Decision
    reasons: list[str]
    figures: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The verdict for a program."""
        return {"decision": self.decision, "reasons": self.reasons, "figures": self.figures}


@dataclass(frozen=True)
class _Finding:
    decision: Decision
    reason: str


def fair_share(percent: int, *, mirrored: bool = False) -> float:
    """The chance that a request that either of the two answered was the candidate's.

    Of 100 mirrored requests at 10 percent both answer: 110 answers, 10 of them the candidate's.
    """
    return percent / (EVERYBODY + percent) if mirrored else percent / EVERYBODY


def judge(
    policy: Canary, candidate: Counts, champion: Counts, share: float, agreement: Agreement | None, health: Health
) -> Verdict:
    """Judge what a phase has shown so far.

    Both counts are of the phase so far, since its beginning; `share` is `fair_share` of it. With a share of 1
    nobody is left to compare with: the champion's counts are then those of the phase before, and the candidate is
    only stopped if it is worse than them by more than a margin. `agreement` is None where nothing was asked of
    both.
    """
    figures: dict[str, Any] = {
        "share": share,
        "candidate": candidate.document(),
        "champion": champion.document(),
        "health": health.document(),
        "agreement": agreement.document() if agreement else None,
    }
    found = [*_of_health(policy, health), *_of_requests(policy, candidate, champion)]
    for name, mine, other, margin in (
        ("errors", candidate.errors, champion.errors, policy.error_margin),
        ("slow", candidate.slow, champion.slow, policy.slow_margin),
    ):
        counted = (mine, candidate.requests), (other, champion.requests)
        figures[name], finding = _of_counts(policy, name, *counted, margin, share)
        found.append(finding)
    if agreement:
        found += _of_agreement(policy, agreement)
    order: tuple[Decision, ...] = ("stop", "undecided", "go")
    decision = next(each for each in order if any(finding.decision == each for finding in found))
    return Verdict(decision, [each.reason for each in found if each.decision == decision], figures)


WORDS = {"errors": "failed", "slow": "were slower than {objective:g} ms"}


def _of_counts(
    policy: Canary, name: str, candidate: tuple[int, int], champion: tuple[int, int], margin: float, share: float
) -> tuple[dict[str, Any], _Finding]:
    """The test of harm and the bound of it, for errors or for slow requests: (events, requests) of each."""
    low, high = excess_bounds(candidate, champion, policy.alpha)
    compared = share < 1
    against = harm(candidate, champion, share) if compared else None
    figures = {
        "evidence": against,
        "stop_at": 1 / policy.level if compared else None,
        "excess_lower": low,
        "excess_upper": high,
        "margin": margin,
    }
    words = WORDS[name].format(objective=policy.objective_ms)
    said = f"{_of(*candidate)} requests {words}, of the champion's {_of(*champion)}"
    if against is not None and against >= 1 / policy.level:
        odds = f"1 in {min(against, MOST_ODDS):,.0f}"
        return figures, _Finding("stop", f"{name}: {said}; the chance of that between equals is at most {odds}")
    if not compared and low > margin:
        return figures, _Finding("stop", f"{name}: {said} before; that is worse by at least {_percent(low)}")
    if high >= margin:
        limit = f"up to {_percent(high)} more may be so, the margin is {_percent(margin)}"
        return figures, _Finding("undecided", f"{name}: {said}; {limit}")
    return figures, _Finding("go", f"{name}: {said}; at most {_percent(high)} more (margin {_percent(margin)})")


def harm(candidate: tuple[int, int], champion: tuple[int, int], share: float) -> float:
    """The evidence that more events are the candidate's than chance gives it, from (events, requests) of each.

    It is against the share that the candidate was to have, or that which it had, whichever is larger. With the
    former the error rate holds exactly, and a larger one can only lower the evidence; the latter keeps a split
    that is not as it was asked for from being taken for harm.
    """
    requests = candidate[1] + champion[1]
    had = candidate[1] / requests if requests else 0.0
    # Nobody but the candidate answered: nothing to compare with.
    return evidence(candidate[0], candidate[0] + champion[0], max(share, had)) if had < 1 else 1.0


def _of_requests(policy: Canary, candidate: Counts, champion: Counts) -> Iterator[_Finding]:
    if candidate.requests < policy.minimum_requests:
        said = f"requests: {candidate.requests:,} of the {policy.minimum_requests:,} that a verdict needs"
        yield _Finding("undecided", said)
    if not champion.requests:
        yield _Finding("undecided", "requests: the champion answered none, there is nothing to compare with")
    elif (common := rate_bounds(champion.errors, champion.requests, policy.alpha)[0]) > OUTAGE:
        said = f"errors: of the champion's own requests {_percent(common)} or more fail: something else is broken"
        yield _Finding("undecided", said)


def _of_health(policy: Canary, health: Health) -> Iterator[_Finding]:
    if health.restarts:
        yield _Finding("stop", f"health: an instance was started again, {health.restarts} times")
    if health.ready < health.instances:
        yield _Finding("stop", f"health: {health.ready} of {health.instances} instances are ready")
    if health.memory is not None and health.memory > policy.memory_limit:
        limit = f"the limit is {_percent(policy.memory_limit)}"
        yield _Finding("stop", f"health: an instance uses {_percent(health.memory)} of its memory, {limit}")
    if not health.instances:
        yield _Finding("undecided", "health: nothing is known of the instances")


def _of_agreement(policy: Canary, agreement: Agreement) -> Iterator[_Finding]:
    if not agreement.paired or agreement.paired < agreement.asked:
        said = f"{agreement.paired} of {agreement.asked} requests were answered by both versions"
        yield _Finding("undecided", f"agreement: {said}")
    if not agreement.paired:
        return
    limit = _percent(policy.changed_decisions)
    bad = agreement.surely_changed > policy.changed_decisions
    said = f"{_percent(agreement.changed)} of the decisions on {agreement.paired} requests are others"
    least = f", {_percent(agreement.surely_changed)} at least" if agreement.changed_error else ""
    yield _Finding("stop" if bad else "go", f"agreement: {said}{least}; the limit is {limit}")
    most = _percent(policy.alert_volume)
    bad = agreement.surely_moved > policy.alert_volume * agreement.alerts_before
    said = f"from {_percent(agreement.alerts_before)} to {_percent(agreement.alerts_after)} of the requests"
    least = f", {_percent(agreement.surely_moved)} apart at least" if agreement.alerts_error else ""
    yield _Finding(
        "stop" if bad else "go", f"agreement: alerts go {said}{least}; the limit is {most} of what they were"
    )


def _of(events: int, requests: int) -> str:
    return f"{events:,} of {requests:,}" + (f" ({_percent(events / requests)})" if requests else "")


def _percent(share: float) -> str:
    """A share in percent, with as many digits as say something."""
    value = share * 100
    digits = 0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 2
    return f"{value:.{digits}f} %"
