"""Counts of a deployment from values by the minute, which are all that metrics have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from .figures import Counts

Minutes = Mapping[datetime, float]
"""The values of a series, by the times at which their minutes begin."""
PERCENTILES = (50, 90, 95, 99)


def added(series: Iterable[Minutes]) -> dict[datetime, float]:
    """The sum of several series."""
    total: dict[datetime, float] = {}
    for minutes in series:
        for when, value in minutes.items():
            total[when] = total.get(when, 0.0) + value
    return total


def counts(requests: Minutes, errors: Minutes, latencies: Mapping[int, Minutes], slower_than_ms: float) -> Counts:
    """What a deployment answered, from its requests, its errors and the percentiles of its latency.

    `slow` is the least that the percentiles prove: where the P90 of 200 requests is over the objective, 20 were
    slower. So it is never too large, and up to five times too small where few are slow. The percentiles of the
    whole are the minutes' own, averaged by their requests, as Azure itself puts minutes together.
    """
    return Counts(
        round(sum(requests.values())),
        round(sum(errors.values())),
        sum(
            _slow(number, errors.get(when, 0.0), _over(latencies, when, slower_than_ms))
            for when, number in requests.items()
        ),
        _mean(latencies.get(50, {}), requests),
        _mean(latencies.get(99, {}), requests),
    )


def _over(latencies: Mapping[int, Minutes], when: datetime, slower: float) -> int | None:
    """The smallest percentage at which a minute was too slow; None where it was not at any."""
    return min((each for each, minutes in latencies.items() if minutes.get(when, 0.0) > slower), default=None)


def _slow(requests: float, errors: float, percentage: int | None) -> int:
    """The requests of a minute that were slow for certain. Its errors may be among them, so they do not count."""
    if percentage is None:
        return 0
    least = max(1, math.floor(requests * (100 - percentage) / 100))
    return max(0, least - round(errors))


def _mean(values: Minutes, weights: Minutes) -> float | None:
    total = sum(weights.get(when, 0.0) for when in values)
    return sum(value * weights.get(when, 0.0) for when, value in values.items()) / total if total else None
