"""How far the test rows have moved from what the champion was trained on: the population stability index.

PSI = sum over bins of (now - then) × ln(now / then), the bins being deciles of the training data. Its customary
limits (0.1, 0.25) are 30 to 90 times what weeks of the handbook's data differ by without any drift.
"""

from typing import Any

import numpy as np

from fraud.errors import ModelError
from fraud.evaluation.statistics import Floats
from fraud.profile import shares as shares_of


def psi(edges: list[float], shares: list[float], then: int, values: Floats) -> float:
    """The index of `values` against `shares` of `then` rows in the bins that `edges` part; nulls are left out.

    Half a row is added to each bin of both, so that an empty one does not make it infinite.
    """
    counts = shares_of(values, edges) * np.isfinite(values).sum() + 0.5
    before = np.asarray(shares) * then + 0.5
    now, before = counts / counts.sum(), before / before.sum()
    return float(np.sum((now - before) * np.log(now / before)))


def drift(reference: str, profile: dict[str, Any], features: dict[str, Floats], scores: Floats) -> dict[str, Any]:
    """The part `drift` of the evidence: each feature of the profile that the test rows have, and the scores."""
    try:
        rows = int(profile["rows"])
        found = [
            {
                "name": name,
                "psi": psi(profile["features"][name]["edges"], profile["features"][name]["shares"], rows, values),
                "nulls": float(np.isnan(values).mean()),
                "zeros": float((values == 0).mean()),
            }
            for name, values in features.items()
            if name in profile["features"]
        ]
        moved = psi(profile["scores"]["edges"], profile["scores"]["shares"], rows, scores)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"profile.json of {reference}: not a profile of features and scores: {error!r}"
        ) from error
    return {"reference": reference, "features": found, "scores": moved}
