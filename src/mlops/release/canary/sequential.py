"""Counts judged while they grow: as often as one likes, stopped whenever one likes, at an error rate that holds.

Everything here is one ratio: how likely k of n events are by a mixture of every rate, against by one rate. If
that one is the true rate, the ratio is a martingale that begins at 1, so it ever reaches 1/level with a
probability of at most `level` (Ville). Lindon and Malek, *Anytime-valid inference for multinomial count data*,
arXiv:2011.03567.

The mixture is Beta(1/2, 1/2), that of Krichevsky and Trofimov: whatever the true rate, it costs at most
log(2 sqrt(n)) of evidence against having known it beforehand, so there is nothing to be tuned.
"""

from __future__ import annotations

import math
from collections.abc import Callable

PRIOR = 0.5
LARGEST = 690.0
"""The logarithm above which evidence is not told apart: it stays a finite number."""
HALVINGS = 40
"""Of an interval within 0 to 1: to a millionth of a millionth."""


def evidence(candidate: int, total: int, share: float) -> float:
    """How much it says, as an e-value, that `candidate` of `total` errors were the candidate's, not its `share`.

    Under no difference each error falls on the candidate with probability `share`, whatever the errors come from
    and however bursty they are; then this exceeds 1/level at any time with probability `level` at most. At most 1
    where the candidate has no more than its share: one that is better is not to be stopped.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share must be between 0 and 1: {share}")
    ratio = _log_mixture(candidate, total) - _log_chance(candidate, total, share)
    found = math.exp(min(ratio, LARGEST))
    return found if candidate > share * total else min(found, 1.0)


def rate_bounds(events: int, requests: int, level: float) -> tuple[float, float]:
    """An interval that, over all the times one looks, misses the true rate with probability `level` at most."""
    if not requests:
        return 0.0, 1.0
    seen, least = events / requests, _log_mixture(events, requests) - math.log(1 / level)

    def inside(rate: float) -> bool:
        return _log_chance(events, requests, rate) > least

    return _edge(inside, seen, 0.0), _edge(inside, seen, 1.0)


def excess_bounds(candidate: tuple[int, int], champion: tuple[int, int], level: float) -> tuple[float, float]:
    """Bounds of the candidate's rate less the champion's, from (events, requests) of each; valid at any time."""
    low, high = rate_bounds(*candidate, level / 2)
    other_low, other_high = rate_bounds(*champion, level / 2)
    return low - other_high, high - other_low


def excess_upper(candidate: tuple[int, int], champion: tuple[int, int], level: float) -> float:
    """By how much the candidate's rate may exceed the champion's at most."""
    return excess_bounds(candidate, champion, level)[1]


def _log_mixture(events: int, requests: int) -> float:
    """How likely these very events are by the mixture of all rates: the logarithm."""
    if not 0 <= events <= requests:
        raise ValueError(f"{events} of {requests} is no count")
    others = requests - events
    return (
        math.lgamma(events + PRIOR)
        + math.lgamma(others + PRIOR)
        - math.lgamma(requests + 2 * PRIOR)
        - (2 * math.lgamma(PRIOR) - math.lgamma(2 * PRIOR))
    )


def _log_chance(events: int, requests: int, rate: float) -> float:
    """How likely they are by one rate."""
    return _times_log(events, rate) + _times_log(requests - events, 1 - rate)


def _times_log(count: int, value: float) -> float:
    if not count:
        return 0.0
    return count * math.log(value) if value > 0 else -math.inf


def _edge(inside: Callable[[float], bool], within: float, end: float) -> float:
    """Where, between a rate that is inside and an end, the inside ends; the end if it does not."""
    if inside(end):
        return end
    for _ in range(HALVINGS):
        middle = (within + end) / 2
        within, end = (middle, end) if inside(middle) else (within, middle)
    return end
