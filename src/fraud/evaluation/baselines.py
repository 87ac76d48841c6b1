"""What a model has to beat to be worth anything: a constant, and the best single feature by its own order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fraud.evaluation.metrics import PRIMARY, Budget, Metric, Rows, Scored
from fraud.evaluation.statistics import Floats, value_of


@dataclass(frozen=True)
class Baseline:
    """A score of the test rows without a model; `metrics` are those that it can be measured by."""

    name: str
    scored: Scored
    metrics: dict[str, Metric]


def baselines_of(
    rows: Rows, features: Mapping[str, Floats], rate: float, budget: Budget, metrics: dict[str, Metric]
) -> list[Baseline]:
    """The baselines: `rate` for every row, and the feature that ranks best, in the better direction.

    Which feature and direction is chosen on the test rows themselves: the strictest baseline of its kind. Of it
    only what sees the order of scores is measured, since a feature is no probability.
    """
    constant = Scored.of(rows, np.full(len(rows.day), rate), budget)
    found = [Baseline("constant", constant, metrics)]
    ordered = {
        (name, sign): Scored.of(rows, sign * np.nan_to_num(values, nan=-sign * np.inf, posinf=None), budget)
        for name, values in features.items()
        for sign in (1, -1)
    }
    if ordered:
        primary = metrics[PRIMARY].statistic
        name, sign = best = max(ordered, key=lambda key: value_of(primary(ordered[key])))
        ranking = {key: metric for key, metric in metrics.items() if not metric.calibrated}
        found.append(Baseline(f"only {name}{', lowest first' if sign < 0 else ''}", ordered[best], ranking))
    return found
