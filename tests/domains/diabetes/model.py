"""What is this domain's own: families, metrics, a baseline, and what an event is. A regression."""

from collections.abc import Callable
from typing import Any

import numpy as np

TITLE, UNIT, EVENT = "Progression of diabetes", "patient", "patient"
PRIMARY = "rmse"
METRICS = {
    "rmse": {"title": "root mean squared error", "unit": "points", "direction": "lower", "digits": 2},
    "r2": {"title": "explained variance", "unit": "share", "direction": "higher", "digits": 3},
}
CALIBRATION: list[str] = []
BASELINE = "mean"


def metrics(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Each metric for each row of weights over the test rows (resamples × rows, each summing up to 1)."""
    error, spread = weights @ (scores - truth) ** 2, weights @ truth**2 - (weights @ truth) ** 2
    return {"rmse": np.sqrt(error), "r2": 1 - error / spread}


def baseline(truth: np.ndarray) -> float:
    """What is said of every row by who knows the training labels only."""
    return float(truth.mean())


def events(truth: np.ndarray) -> int:
    """Every row says something."""
    return len(truth)


def _ridge(seed: int, **parameters: Any) -> Any:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), Ridge(random_state=seed, **parameters))


def _gradient_boosting(seed: int, **parameters: Any) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(random_state=seed, **parameters)


FAMILIES: dict[str, Callable[..., Any]] = {"ridge": _ridge, "gradient_boosting": _gradient_boosting}
CONVERSION: dict[str, Any] = {}


def predict(estimator: Any, rows: np.ndarray) -> np.ndarray:
    """What the exported model must say, too."""
    return estimator.predict(rows)
