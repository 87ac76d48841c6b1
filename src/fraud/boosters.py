"""Boosters as they were learned, kept beside the exported model: what explains a single score exactly.

The served graph answers with a probability; which feature moved it by how much is known to the trees alone. Both
libraries compute it by TreeSHAP themselves (Lundberg et al., From local explanations to global understanding with
explainable AI for trees, 2020), so no package is needed for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Contributions = npt.NDArray[np.float64]
"""Rows × (features and, last, the base): in log-odds, adding up to the score's."""


@dataclass(frozen=True)
class Library:
    """How a library writes a booster down, and what it says of rows. `made` names its estimator's class."""

    made: str
    save: Callable[[Any, Path], object]
    contributions: Callable[[Path, npt.NDArray[np.float32]], Contributions]


def _of_lightgbm(file: Path, rows: npt.NDArray[np.float32]) -> Contributions:
    import lightgbm

    found: Contributions = lightgbm.Booster(model_file=str(file)).predict(rows, pred_contrib=True, num_threads=1)
    return found


def _of_xgboost(file: Path, rows: npt.NDArray[np.float32]) -> Contributions:
    import xgboost

    booster = xgboost.Booster({"nthread": 1}, model_file=str(file))
    found: Contributions = booster.predict(xgboost.DMatrix(rows), pred_contribs=True)
    return found


LIBRARIES = {
    "booster.lightgbm.txt": Library("LGBMClassifier", lambda e, f: e.booster_.save_model(str(f)), _of_lightgbm),
    "booster.xgboost.json": Library("XGBClassifier", lambda e, f: e.save_model(str(f)), _of_xgboost),
}
"""By the file in the model's folder. Text both: nothing is unpickled."""


def save(estimator: Any, folder: Path) -> None:
    """Write a booster into the model's folder; an estimator of another kind leaves nothing there."""
    for name, library in LIBRARIES.items():
        if type(estimator).__name__ == library.made:
            library.save(estimator, folder / name)


def contributions(folder: Path, rows: npt.NDArray[np.float32], share: float) -> Contributions | None:
    """What each feature adds to the log-odds of each row's score; None where the folder keeps no booster.

    `share` is that of the genuine rows which were learned from: the base then takes the correction of the graph.
    """
    for name, library in LIBRARIES.items():
        if (folder / name).is_file():
            found = np.asarray(library.contributions(folder / name, rows), dtype=np.float64)
            found[:, -1] += np.log(share)
            return found
    return None
