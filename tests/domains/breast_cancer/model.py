"""What is this domain's own: families, metrics, a baseline, and what an event is. A binary classification."""

from collections.abc import Callable
from typing import Any

import numpy as np

TITLE, UNIT, EVENT = "Malignant biopsies", "biopsy", "malignant biopsy"
PRIMARY = "accuracy"
METRICS = {
    "accuracy": {"title": "accuracy at 0.5", "unit": "share", "direction": "higher", "digits": 3},
    "brier": {"title": "Brier score", "unit": "share", "direction": "lower", "digits": 4},
}
CALIBRATION = ["brier"]
BASELINE = "base rate"


def metrics(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Each metric for each row of weights over the test rows (resamples × rows, each summing up to 1)."""
    hits, errors = (scores >= 0.5) == (truth == 1), (scores - truth) ** 2
    return {"accuracy": weights @ hits, "brier": weights @ errors}


def baseline(truth: np.ndarray) -> float:
    """What is said of every row by who knows the training labels only."""
    return float(truth.mean())


def events(truth: np.ndarray) -> int:
    """What the evidence has enough of, or not."""
    return int(truth.sum())


def _logistic_regression(seed: int, **parameters: Any) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(random_state=seed, **parameters))


def _random_forest(seed: int, **parameters: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(random_state=seed, **parameters)


FAMILIES: dict[str, Callable[..., Any]] = {
    "logistic_regression": _logistic_regression,
    "random_forest": _random_forest,
}
CONVERSION = {"options": {"zipmap": False}}


def predict(estimator: Any, rows: np.ndarray) -> np.ndarray:
    """What the exported model must say, too."""
    return estimator.predict_proba(rows)[:, 1]
