"""The metrics of a fraud model, one row each, and the alerts that some of them count.

Fraud Detection Handbook, chapter 4. Budgets are per day: investigators look at `alerts_per_day` cards or
transactions. The alerts are those of the rows as they are; a resample draws cards with their alerts, it does not
hand out the budget anew. So every metric but the ranking ones is a sum over cards, divided by another.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fraud.evaluation.statistics import (
    AveragePrecision,
    CalibrationError,
    Floats,
    Numbers,
    Ratio,
    RocAuc,
    Statistic,
    Whole,
    value_of,
)

PRIMARY = SELECTED_BY = "average_precision"
"""What models are compared by, and, on the validation weeks, selected."""

SCORE_EDGES = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
"""The bins of the calibration error and curve. Fixed, so that two models are held to the same; finer towards 0,
where one transaction in a hundred being a fraud puts nearly all scores."""


class Budget(Protocol):
    """What the metrics need of the settings."""

    @property
    def alerts_per_day(self) -> int:
        """Cards, or transactions, that are looked at on a day."""

    @property
    def review_cost(self) -> float:
        """What looking at one alert costs, in the currency of the amounts."""


@dataclass(frozen=True)
class Rows:
    """Transactions to test with, one element each; cards are numbers from 0 to `cards` - 1, fraud is 0 or 1."""

    day: Whole
    card: Whole
    fraud: Whole
    amount: Floats
    cards: int

    @classmethod
    def of(cls, day: Whole, card: Whole, fraud: Whole, amount: Floats) -> "Rows":
        """The rows with their cards numbered, in the cards' order."""
        numbers, index = np.unique(card, return_inverse=True)
        return cls(day, index, fraud, amount, len(numbers))

    def where(self, mask: npt.NDArray[np.bool_]) -> "Rows":
        """A part of the rows; cards keep their numbers."""
        return Rows(self.day[mask], self.card[mask], self.fraud[mask], self.amount[mask], self.cards)

    def fraudulent_cards(self) -> int:
        """The cards with a fraud among these rows: the number of independent events."""
        return len(np.unique(self.card[self.fraud == 1]))


@dataclass(frozen=True)
class Scored:
    """Rows, a model's score of each, and whether it is an alert of its day."""

    rows: Rows
    score: Floats
    alert: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Rows, score: Floats, budget: Budget) -> "Scored":
        """The alerts are the `alerts_per_day` highest scores of each day; of equals the earlier rows."""
        order = np.lexsort((-score, rows.day))
        _, begin, size = np.unique(rows.day, return_index=False, return_inverse=True, return_counts=True)
        first = np.cumsum(size) - size
        alert = np.zeros(len(score), bool)
        alert[order] = np.arange(len(score)) - first[begin[order]] < budget.alerts_per_day
        return cls(rows, score, alert)

    def where(self, mask: npt.NDArray[np.bool_]) -> "Scored":
        """A part of the rows, with the alerts that they had among all."""
        return replace(self, rows=self.rows.where(mask), score=self.score[mask], alert=self.alert[mask])

    def by_card(self, values: Numbers) -> Floats:
        """The sum of a value of each row over the rows of each card."""
        sums: Floats = np.bincount(self.rows.card, values, minlength=self.rows.cards).astype(float)
        return sums


@dataclass(frozen=True)
class Metric:
    """What is measured: text for people, which direction is better, and how."""

    title: str
    unit: str
    direction: str
    digits: int
    statistic: Callable[[Scored], Statistic]
    calibrated: bool = False
    """Whether scores must be probabilities; the others see their order only."""
    of_slices: bool = True
    """Whether it means something for a part of the rows."""


def metrics_of(budget: Budget) -> dict[str, Metric]:
    """The table of metrics, by name; the first is what models are selected and compared by."""
    k = budget.alerts_per_day
    return {
        PRIMARY: Metric("average precision", "share", "higher", 3, _ranked(AveragePrecision)),
        f"card_precision_{k}": Metric(
            f"card precision@{k}", "share", "higher", 3, partial(_card_precision, k=k), of_slices=False
        ),
        "recall_at_budget": Metric(f"recall at {k} alerts a day", "share", "higher", 3, _recall),
        "expected_cost": Metric(
            "cost of losses and reviews", "per 1,000 transactions", "lower", 1,
            partial(_cost, review=budget.review_cost), calibrated=True,
        ),
        "brier": Metric("Brier score", "squared error", "lower", 5, _brier, calibrated=True),
        "ece": Metric(
            "expected calibration error", "share", "lower", 5, _calibration, calibrated=True, of_slices=False
        ),
        "roc_auc": Metric("ROC AUC", "share", "higher", 3, _ranked(RocAuc), of_slices=False),
    }  # fmt: skip


def values_of(scored: Scored, metrics: dict[str, Metric]) -> dict[str, float]:
    """The value of each metric."""
    return {name: value_of(metric.statistic(scored)) for name, metric in metrics.items()}


def metrics(day: Whole, card: Whole, fraud: Whole, score: Floats) -> dict[str, float]:
    """ROC AUC, average precision and card precision@100: what needs neither amounts nor settings.

    One element a transaction in each array; both frauds and genuine transactions must be among them.
    """
    ranked = Rows.of(day, card, fraud, np.zeros(len(day)))
    kinds: dict[str, type[RocAuc] | type[AveragePrecision]] = {"roc_auc": RocAuc, PRIMARY: AveragePrecision}
    return {
        **{name: value_of(kind(ranked.card, fraud, score, ranked.cards)) for name, kind in kinds.items()},
        "card_precision_100": card_precision_top_k(day, card, fraud, score, 100),
    }


def _ranked(kind: type[AveragePrecision] | type[RocAuc]) -> Callable[[Scored], Statistic]:
    return lambda scored: kind(scored.rows.card, scored.rows.fraud, scored.score, scored.rows.cards)


def _recall(scored: Scored) -> Statistic:
    """The share of frauds that are alerts."""
    fraud = scored.rows.fraud == 1
    return Ratio(scored.by_card(scored.alert & fraud), scored.by_card(fraud))


def _cost(scored: Scored, review: float) -> Statistic:
    """Frauds that pass cost their amount, genuine transactions that are looked at cost a review.

    Looked at is where that is expected to be cheaper: score × amount > (1 - score) × review.
    """
    rows, score = scored.rows, scored.score.astype(float)
    looked_at = score * rows.amount > (1 - score) * review
    cost = np.where(rows.fraud == 1, np.where(looked_at, 0.0, rows.amount), np.where(looked_at, review, 0.0))
    return Ratio(scored.by_card(cost), scored.by_card(np.ones(len(cost))), 1000.0)


def _brier(scored: Scored) -> Statistic:
    """The mean of (score - fraud)²."""
    error = (scored.score - scored.rows.fraud) ** 2
    return Ratio(scored.by_card(error), scored.by_card(np.ones(len(error))))


def _calibration(scored: Scored) -> Statistic:
    rows = scored.rows
    return CalibrationError(rows.card, rows.fraud, scored.score, rows.cards, SCORE_EDGES)


def _card_precision(scored: Scored, k: int) -> Statistic:
    rows = scored.rows
    looked_at, found = card_alerts(rows.day, rows.card, rows.fraud, scored.score, k)
    full = len(looked_at) / (k * len(np.unique(rows.day)))  # below 1 where a day has fewer cards than k
    return Ratio(np.bincount(found, minlength=rows.cards), np.bincount(looked_at, minlength=rows.cards), full)


def card_alerts(day: Whole, card: Whole, fraud: Whole, score: Floats, k: int) -> tuple[Whole, Whole]:
    """The k cards that look most suspicious on each day, and those of them that are compromised, days in a row.

    A card's score on a day is its highest, and it is compromised if any of its transactions of that day is a
    fraud. A compromised card among the k of a day is blocked: it is no longer there on later days. Cards of equal
    score come in order of their number. Chapter 4, "Precision top-k based metrics".
    """
    looked_at: list[Whole] = []
    detected = [np.array([], card.dtype)]
    for today in np.unique(day):
        rows = np.flatnonzero(day == today)
        rows = rows[~np.isin(card[rows], np.concatenate(detected))]
        cards, index = np.unique(card[rows], return_inverse=True)
        suspicion = np.full(len(cards), -np.inf)
        np.maximum.at(suspicion, index, score[rows])
        compromised = np.zeros(len(cards), dtype=bool)
        np.logical_or.at(compromised, index, fraud[rows] == 1)
        top = np.argsort(-suspicion, kind="stable")[:k]
        looked_at.append(cards[top])
        detected.append(cards[top][compromised[top]])
    return np.concatenate(looked_at), np.concatenate(detected)


def card_precision_top_k(day: Whole, card: Whole, fraud: Whole, score: Floats, k: int = 100) -> float:
    """The mean over days of the share of compromised cards among the k cards that look most suspicious.

    The share is of k, also on a day with fewer cards.
    """
    return len(card_alerts(day, card, fraud, score, k)[1]) / (k * len(np.unique(day)))
