"""Untrained estimators of the families, each made of its parameters' values and a seed.

All have `fit(rows, label)` and `predict_proba(rows)`, and give the same model for the same seed and rows.
"""

import os
from typing import Any


def threads() -> int:
    """How many processors training may use: OMP_NUM_THREADS, or those of this process."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


def logistic_regression(seed: int, **parameters: Any) -> Any:
    """Of standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(random_state=seed, max_iter=1000, **parameters))


def random_forest(seed: int, **parameters: Any) -> Any:
    """Breiman's, by scikit-learn."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(random_state=seed, n_jobs=threads(), **parameters)


def hist_gradient_boosting(seed: int, **parameters: Any) -> Any:
    """Gradient boosting of histograms, by scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=seed, early_stopping=False, **parameters)


def xgboost(seed: int, **parameters: Any) -> Any:
    """Gradient boosting of histograms, by XGBoost."""
    from xgboost import XGBClassifier

    return XGBClassifier(random_state=seed, n_jobs=threads(), tree_method="hist", **parameters)


def lightgbm(seed: int, **parameters: Any) -> Any:
    """Gradient boosting of histograms, by LightGBM, bit for bit the same on the same kind of machine."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        random_state=seed, n_jobs=threads(), deterministic=True, force_row_wise=True, verbosity=-1, **parameters
    )
