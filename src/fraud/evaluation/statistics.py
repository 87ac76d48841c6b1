"""Statistics of test rows as functions of how often each card is counted.

A statistic is called with weights (resamples × cards, how often each card was drawn) and answers with one value a
resample; with weights of one it is the metric itself. So a metric and its bootstrap are one piece of code, and two
models that are called with the same weights are compared on the same draws.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating] | npt.NDArray[np.integer] | npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]
Whole = npt.NDArray[np.integer]

TINY = np.finfo(np.float32).tiny
"""Divides nothing by nothing into nothing."""

BLOCK = 8_000_000
"""The most numbers that a matrix on the way to a product holds, 32 MB: more are taken block by block."""


class Statistic(Protocol):
    """What can be resampled."""

    cards: int

    def __call__(self, weights: Floats) -> Floats:
        """One value, or one row of values, a resample; NaN where a resample has nothing to count."""


class Ranking:
    """The rows in order of a model's scores, the most suspicious first; the ground of what only ranks them.

    Values change at frauds only. Rows of equal score are one step, so it is counted at the distinct steps that
    hold frauds: which rows stand above a step's end, which above its begin.
    """

    def __init__(self, card: Whole, fraud: Whole, score: Floats, cards: int) -> None:
        """One element a transaction in each; cards are numbers from 0 to `cards` - 1, fraud is 0 or 1."""
        self.cards = cards
        order = np.argsort(-score, kind="stable")
        ranked, positive = score[order], np.flatnonzero(fraud[order])
        self.card = card[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else positive
        begins = np.append(0, ends[:-1] + 1)
        steps, self.first = np.unique(np.searchsorted(ends, positive), return_index=True)
        self.ends, self.begins = ends[steps] + 1, begins[steps]
        self.fraud_card = self.card[positive]
        self.step_of_fraud = np.searchsorted(self.ends, positive, side="right")
        self.step_of_row = np.searchsorted(self.ends, np.arange(len(ranked)), side="right")

    def caught(self, weights: Floats) -> Floats:
        """Frauds drawn at each step (resamples × steps)."""
        if not len(self.first):
            return np.zeros((len(weights), 1), weights.dtype)
        return np.add.reduceat(weights[:, self.fraud_card], self.first, axis=1)

    def above(self, weights: Floats, places: Whole) -> Floats:
        """Rows drawn among the first places[i] of the order (resamples × places), places being in order: W @ C.

        C[c, i] counts the rows of card c among them. Sums of whole numbers, exact in float32 up to 16 million.
        """
        if len(weights) == 1:  # the rows as they are: no matrix pays
            sums = np.append(0, np.cumsum(weights[0, self.card]))
            return np.atleast_2d(sums[places] if len(places) else np.zeros(1))
        cards, index = np.unique(self.card, return_inverse=True)
        drawn = weights if len(cards) == weights.shape[1] else weights[:, cards]
        counted = np.zeros((len(weights), max(len(places), 1)), weights.dtype)
        until, row = np.zeros(len(cards), weights.dtype), 0
        width = max(1, BLOCK // max(len(cards), 1))
        for begin in range(0, len(places), width):
            part = places[begin : begin + width]
            rows = np.arange(row, part[-1])
            cell = index[rows] * len(part) + np.searchsorted(part, rows, side="right")
            new = np.bincount(cell, minlength=len(cards) * len(part)).reshape(len(cards), len(part))
            counts = until[:, None] + np.cumsum(new, axis=1, dtype=weights.dtype)
            counted[:, begin : begin + width] = drawn @ counts
            until, row = counts[:, -1], part[-1]
        return counted


class AveragePrecision(Ranking):
    """The area under precision over recall, as scikit-learn's average_precision_score: a step a distinct score."""

    def __call__(self, weights: Floats) -> Floats:
        caught = self.caught(weights)
        found = np.cumsum(caught, axis=1)
        precision = found / np.maximum(self.above(weights, self.ends), TINY)
        return _quotient((caught * precision).sum(axis=1, dtype=float), found[:, -1])

    def influence(self) -> Floats:
        """For each card the derivative of the value by its weight, at weights of one: the infinitesimal jackknife.

        Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), chapter 6; clustered by card. The
        root of the sum of squares is a standard error without resampling.
        """
        one, cards = np.ones((1, self.cards)), self.cards
        caught, alerted = self.caught(one)[0], self.above(one, self.ends)[0]
        found = np.cumsum(caught)
        own = found / alerted + np.cumsum((caught / alerted)[::-1])[::-1]
        # A row takes from the precision of all steps from its own on; rows behind the last fraud from none.
        taken = np.append(np.cumsum((caught * found / alerted**2)[::-1])[::-1], 0)
        frauds = np.bincount(self.fraud_card, minlength=cards)
        gained = np.bincount(self.fraud_card, own[self.step_of_fraud], minlength=cards)
        lost = np.bincount(self.card, taken[self.step_of_row], minlength=cards)
        derivative: Floats = (gained - lost - float(self(one)[0]) * frauds) / found[-1]
        return derivative


class RocAuc(Ranking):
    """The share of pairs of a fraud and a genuine transaction in the right order, equal scores counting half."""

    def __call__(self, weights: Floats) -> Floats:
        caught = self.caught(weights)
        found = np.cumsum(caught, axis=1)
        genuine = (weights @ np.bincount(self.card, minlength=weights.shape[1])) - found[:, -1]
        above = self.above(weights, self.ends) + self.above(weights, self.begins) - 2 * found + caught
        wrong = (caught * (above / 2)).sum(axis=1, dtype=float)
        return 1 - _quotient(wrong, found[:, -1] * genuine)


class Ratio:
    """A sum over cards divided by another one, times `scale`: a mean, a share, a rate."""

    def __init__(self, above: Numbers, below: Numbers, scale: float = 1.0) -> None:
        """One element a card in each."""
        self.above, self.below, self.scale = above.astype(float), below.astype(float), scale
        self.cards = len(above)

    def __call__(self, weights: Floats) -> Floats:
        above, below = (each.astype(weights.dtype) for each in (self.above, self.below))
        return self.scale * _quotient(weights @ above, weights @ below)

    def influence(self) -> Floats:
        """For each card the derivative of the value by its weight, at weights of one."""
        total = self.below.sum()
        derivative: Floats = self.scale * (self.above - self.above.sum() / total * self.below) / total
        return derivative


class CalibrationError:
    """The expected calibration error: over bins of scores, |sum of scores - number of frauds| / number of rows."""

    def __init__(self, card: Whole, fraud: Whole, score: Floats, cards: int, edges: Floats) -> None:
        """One element a transaction in the first three; `edges` part the bins."""
        self.cards, bins = cards, len(edges) + 1
        cell = card * bins + np.searchsorted(edges, score, side="right")
        self.excess = np.bincount(cell, score - fraud, minlength=cards * bins).reshape(cards, bins)
        self.rows = np.bincount(card, minlength=cards)

    def __call__(self, weights: Floats) -> Floats:
        return _quotient(np.abs(weights @ self.excess).sum(axis=1), weights @ self.rows)


def value_of(statistic: Statistic) -> float:
    """The statistic of the rows as they are; NaN where there is nothing to count."""
    return float(statistic(np.ones((1, statistic.cards)))[0])


def draws(cards: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.float32]]:
    """Weights of `resamples` draws of as many cards as there are, with replacement, in blocks of whole draws."""
    random = np.random.default_rng(seed)
    step = max(1, BLOCK // max(cards, 1))
    for begin in range(0, resamples, step):
        size = min(step, resamples - begin)
        yield random.multinomial(cards, np.full(cards, 1 / cards), size).astype(np.float32)


def _quotient(above: Floats, below: Floats) -> Floats:
    found: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0)
    return found
