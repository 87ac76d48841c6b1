"""Which features a model's quality rests on: permutation importance, by average precision.

Breiman, Random Forests (2001), section 10: what is lost when one column is shuffled among the rows.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fraud.evaluation.candidate import Candidate
from fraud.evaluation.metrics import Rows
from fraud.evaluation.statistics import AveragePrecision

ROWS = 3000
"""Genuine rows that are looked at, besides all frauds; they are weighed so that frauds are as rare as they are."""
REPEATS = 3


def importance(
    candidate: Candidate, inputs: npt.NDArray[np.float32], rows: Rows, *, seed: int = 0
) -> list[dict[str, Any]]:
    """For each feature the mean loss of average precision over REPEATS shuffles, the most important first."""
    random = np.random.default_rng(seed)
    genuine = np.flatnonzero(rows.fraud == 0)
    kept = random.choice(genuine, min(ROWS, len(genuine)), replace=False)
    chosen = np.sort(np.concatenate([np.flatnonzero(rows.fraud == 1), kept]))
    sample, fraud = inputs[chosen], rows.fraud[chosen]
    # As if all genuine rows were of card 0 and all frauds of card 1, and the former drawn more often.
    weights = np.array([[len(genuine) / len(kept), 1.0]])

    def quality(values: npt.NDArray[np.float32]) -> float:
        return float(AveragePrecision(fraud, fraud, candidate.score(values), 2)(weights)[0])

    whole = quality(sample)
    found = []
    for column, name in enumerate(candidate.features):
        losses = []
        for _ in range(REPEATS):
            shuffled = sample.copy()
            shuffled[:, column] = random.permutation(sample[:, column])
            losses.append(whole - quality(shuffled))
        error = float(np.std(losses, ddof=1) / np.sqrt(REPEATS))
        found.append({"name": name, "value": float(np.mean(losses)), "standard_error": error})
    return sorted(found, key=lambda feature: -feature["value"])
