"""The paired bootstrap over cards: intervals of metrics, and of the difference of two models on the same rows.

A card's transactions are not independent, so cards are drawn, not rows (a row-wise interval is too narrow), and
both models are called with the same draws: what is common to them, above all which frauds a draw holds, falls out
of the difference. Percentile intervals; measured by simulation in tests/benchmarks/.
"""

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from fraud.evaluation.statistics import Floats, Statistic, draws, value_of

RESAMPLES = 1000
INTERVALS = (0.9, 0.95)
COMPARISONS = (0.8, 0.9, 0.95, 0.98, 0.99)
"""Two-sided levels; an end of the 90 % interval is a one-sided bound of 95 %."""

DETECTABLE = 1.645 + 0.842
"""A difference of so many standard errors is found by a one-sided test of 5 % in 80 % of all cases."""


def resampled(
    statistics: Iterable[tuple[Hashable, Statistic]], cards: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[Hashable, Floats]:
    """For each key and its statistic the values (resamples × …), all of the same draws of the cards."""
    pairs = list(statistics)
    found: dict[Hashable, list[Floats]] = {key: [] for key, _ in pairs}
    for weights in draws(cards, resamples, seed):
        for key, statistic in pairs:
            found[key].append(statistic(weights))
    return {key: np.concatenate(parts) for key, parts in found.items()}


def intervals(values: Floats, levels: tuple[float, ...] = INTERVALS) -> dict[str, list[float | None]]:
    """The percentile interval of resampled values at each level; resamples with nothing to count are left out."""
    known = values[np.isfinite(values)]
    ends = [[(1 - level) / 2, (1 + level) / 2] for level in levels]
    if not len(known):
        return {f"{level:g}": [None, None] for level in levels}
    return {f"{level:g}": np.quantile(known, end).tolist() for level, end in zip(levels, ends, strict=True)}


def comparison(
    metric: str, reference: str, ours: Statistic, theirs: Statistic, ours_drawn: Floats, theirs_drawn: Floats
) -> dict[str, Any]:
    """The candidate's value minus the reference's: a COMPARISON of docs/evidence.md.

    The two arrays are of the same draws. Where both statistics have influence functions, `jackknife_error` is the
    standard error by them: without resampling, to check the other one by.
    """
    drawn = ours_drawn - theirs_drawn
    drawn = drawn[np.isfinite(drawn)]
    error = float(np.std(drawn)) if len(drawn) else None
    found = {
        "metric": metric,
        "reference": reference,
        "value": value_of(ours) - value_of(theirs),
        "standard_error": error,
        "intervals": intervals(drawn, COMPARISONS),
        "resamples": len(drawn),
        "smallest_detectable": None if error is None else DETECTABLE * error,
    }
    if hasattr(ours, "influence") and hasattr(theirs, "influence"):
        found["jackknife_error"] = float(np.sqrt(np.sum((ours.influence() - theirs.influence()) ** 2)))
    return found
