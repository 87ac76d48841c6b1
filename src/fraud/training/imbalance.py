"""Class imbalance: learning from a sample of the genuine rows, with probabilities that are right all the same."""

from typing import Any

import numpy as np
import numpy.typing as npt

FEW = 100_000
"""Genuine rows below which a sample costs quality and saves no time worth having."""


def share_of(negatives: float, label: npt.NDArray[np.integer]) -> float:
    """The share of genuine rows to learn from: `negatives`, or all where there are few."""
    return 1.0 if int((label == 0).sum()) < FEW else negatives


def sample(label: npt.NDArray[np.integer], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """For each row whether it is learned from: every fraud, and of the genuine ones a share, drawn by the seed."""
    chosen: npt.NDArray[np.bool_] = (np.random.default_rng(seed).random(len(label)) < share) | (label == 1)
    return chosen


def corrected(probability: npt.NDArray[np.floating], share: float) -> npt.NDArray[np.floating]:
    """Probabilities of fraud as if all genuine rows had been learned from: the odds times the share.

    Dal Pozzolo et al., Calibrating Probability with Undersampling for Unbalanced Classification, 2015.
    """
    return share * probability / (share * probability + 1 - probability)


class Trained:
    """An estimator that has learned from a share of the genuine rows, and scores as if from all."""

    def __init__(
        self,
        estimator: Any,
        rows: npt.NDArray[np.float32],
        label: npt.NDArray[np.integer],
        *,
        negatives: float,
        seed: int,
    ) -> None:
        """Fit the estimator to rows × features and their labels (1: fraud)."""
        self.share = share_of(negatives, label)
        learned = sample(label, self.share, seed)
        self.estimator = estimator.fit(rows[learned], label[learned])

    def score(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
        """The probability of fraud of each row."""
        return corrected(self.estimator.predict_proba(rows)[:, 1], self.share)
