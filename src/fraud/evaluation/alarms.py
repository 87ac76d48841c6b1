"""What makes a good number suspect. Any alarm refuses a candidate, whatever its metrics."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fraud.evaluation.candidate import Candidate
from fraud.evaluation.metrics import Rows
from fraud.evaluation.statistics import Floats, RocAuc, value_of

LEAKAGE_AUC = 0.99
"""No honest feature tells frauds so well by itself."""
WEEK = 7


def leakage(rows: Rows, features: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """Features that alone rank the frauds almost perfectly, in either direction: they know the label."""
    found = []
    for name, values in features.items():
        known = np.nan_to_num(values, nan=-np.inf)
        auc = value_of(RocAuc(rows.card, rows.fraud, known, rows.cards))
        auc = max(auc, 1 - auc)
        if auc > LEAKAGE_AUC:
            text = f"{name} alone has ROC AUC {auc:.4f} on the test rows: it knows the label"
            found.append(_alarm("leakage", f"feature {name}", auc, LEAKAGE_AUC, text))
    return found


def overlap(candidate: Candidate, rows: int, seen: int) -> list[dict[str, Any]]:
    """Whether the model was trained on rows that it is tested on."""
    if not seen:
        return []
    learned = candidate.trained_on()
    text = f"{seen} of {rows} test transactions are among the rows that {candidate.name} was trained on" + (
        f", {learned[0]} to {learned[1]} (exclusive)" if learned else ""
    )
    return [_alarm("train-test-overlap", "training window", seen, 0, text)]


def constant_features(
    candidate: Candidate, features: Mapping[str, Floats], test_days: int
) -> list[dict[str, Any]]:
    """Features of the model that varied in training and are null, or all the same, in the test rows.

    All the same counts in tests of a week or more only: that it is weekend is the same for all rows of a day.
    """
    trained = (candidate.profile or {}).get("features", {})
    found = []
    for name, values in features.items():
        if not _varied(trained.get(name)):
            continue
        known = values[~np.isnan(values)]
        if len(known) and (test_days < WEEK or known.min() < known.max()):
            continue
        now = f"always {known[0]:g}" if len(known) else "always null"
        text = f"{name} varied in training and is {now} in the test rows: it is not filled in production"
        found.append(_alarm("constant-feature", f"feature {name}", len(np.unique(known)), 2, text))
    return found


def _varied(profile: dict[str, Any] | None) -> bool:
    """Whether a feature had more than one value in training; a rare one may share all deciles with the rest."""
    if not profile:
        return False
    return sum(share > 0 for share in profile.get("shares", ())) > 1 or bool(0 < profile.get("zeros", 0) < 1)


def _alarm(alarm: str, subject: str, value: float, limit: float, text: str) -> dict[str, Any]:
    return {"alarm": alarm, "subject": subject, "value": value, "limit": limit, "text": text}
