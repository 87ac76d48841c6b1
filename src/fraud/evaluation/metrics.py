"""The metrics of the handbook's protocol; Fraud Detection Handbook, chapter 4."""

import numpy as np
import numpy.typing as npt

SELECTED_BY = "average_precision"


def card_precision_top_k(
    day: npt.NDArray[np.int64],
    card: npt.NDArray[np.int64],
    fraud: npt.NDArray[np.int64],
    score: npt.NDArray[np.floating],
    k: int = 100,
) -> float:
    """The mean over days of the share of compromised cards among the k cards that look most suspicious.

    A card's score on a day is its highest, and it is compromised if any of its transactions of that day is a
    fraud. A compromised card among the k of a day is blocked: it is no longer there on later days. The share is
    of k, also on a day with fewer cards. Cards of equal score come in order of their number. Chapter 4,
    "Precision top-k based metrics".
    """
    detected = np.array([], dtype=card.dtype)
    shares = []
    for today in np.unique(day):
        rows = (day == today) & ~np.isin(card, detected)
        cards, index = np.unique(card[rows], return_inverse=True)
        suspicion = np.full(len(cards), -np.inf)
        np.maximum.at(suspicion, index, score[rows])
        compromised = np.zeros(len(cards), dtype=bool)
        np.logical_or.at(compromised, index, fraud[rows] == 1)
        top = np.argsort(-suspicion, kind="stable")[:k]
        found = cards[top][compromised[top]]
        shares.append(len(found) / k)
        detected = np.concatenate([detected, found])
    return float(np.mean(shares))


def metrics(
    day: npt.NDArray[np.int64],
    card: npt.NDArray[np.int64],
    fraud: npt.NDArray[np.int64],
    score: npt.NDArray[np.floating],
) -> dict[str, float]:
    """ROC AUC, average precision and card precision@100 of scores; all between 0 and 1, higher is better.

    One element a transaction in each array; both frauds and genuine transactions must be among them.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "roc_auc": float(roc_auc_score(fraud, score)),
        "average_precision": float(average_precision_score(fraud, score)),
        "card_precision_100": card_precision_top_k(day, card, fraud, score, 100),
    }
