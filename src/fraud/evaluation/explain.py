"""Which features a model's quality rests on, and which ones made single scores what they are.

The first is permutation importance, by average precision (Breiman, Random Forests, 2001, section 10: what is lost
when one column is shuffled among the rows); the second is exact where the model is a booster (`fraud.boosters`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fraud import boosters
from fraud.evaluation.candidate import Candidate
from fraud.evaluation.metrics import Rows
from fraud.evaluation.statistics import AveragePrecision

ROWS = 3000
"""Genuine rows that are looked at, besides all frauds; they are weighed so that frauds are as rare as they are."""
REPEATS = 3
SINGLE = 3
"""Rows of each kind that are explained one by one."""
NAMED = 5
"""Features that are named for each."""


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


def explanations(
    candidate: Candidate,
    inputs: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    fraud: npt.NDArray[np.integer],
    identifiers: npt.NDArray[np.integer],
) -> list[dict[str, Any]]:
    """The rows with the highest scores, right and wrong, and the frauds with the lowest: why.

    In log-odds: the base and all contributions add up to the score's. Empty where the model is no booster.
    """
    order = np.argsort(-scores, kind="stable")
    kinds = {
        "found": order[fraud[order] == 1][:SINGLE],
        "false alarm": order[fraud[order] == 0][:SINGLE],
        "missed": order[fraud[order] == 1][::-1][:SINGLE],
    }
    chosen = np.concatenate([*kinds.values()])
    share = float((candidate.training or {}).get("negatives_kept", 1.0))
    found = boosters.contributions(candidate.folder, inputs[chosen], share)
    if found is None:
        return []
    names = [kind for kind, rows in kinds.items() for _ in rows]
    return [
        {
            "kind": kind,
            "row": str(identifiers[row]),
            "score": float(scores[row]),
            "base": float(of_row[-1]),
            **_largest(candidate.features, inputs[row], of_row[:-1]),
        }
        for kind, row, of_row in zip(names, chosen, found, strict=True)
    ]


def _largest(names: list[str], values: npt.NDArray[np.float32], adds: npt.NDArray[np.float64]) -> dict[str, Any]:
    """The features that add most, either way, and what the others add together."""
    order = np.argsort(-np.abs(adds), kind="stable")
    return {
        "contributions": [
            {"name": names[column], "value": float(values[column]), "adds": float(adds[column])}
            for column in order[:NAMED]
        ],
        "rest": float(adds[order[NAMED:]].sum()),
    }
