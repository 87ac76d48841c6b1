"""The curves of a report, with bands: precision over recall, ROC, and calibration.

Each line is a statistic with a value at each of its places, so its band comes from the same draws as intervals.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fraud.evaluation.metrics import SCORE_EDGES, Scored
from fraud.evaluation.statistics import TINY, Floats, Ranking, Statistic

PLACES = np.linspace(0, 1, 101)
BAND = 0.9
DIGITS = 6


class PrecisionAtRecall(Ranking):
    """The precision where as large a share of frauds is found as PLACES say, but for 0."""

    def __call__(self, weights: Floats) -> Floats:
        found = np.cumsum(self.caught(weights), axis=1)
        precision = found / np.maximum(self.above(weights, self.ends), TINY)
        return _at(PLACES[1:], _shares(found), precision)


class RecallAtFalseAlarms(Ranking):
    """The share of frauds found where as large a share of genuine transactions is ranked above as PLACES say."""

    def __call__(self, weights: Floats) -> Floats:
        caught = self.caught(weights)
        found = np.cumsum(caught, axis=1)
        genuine = weights @ np.bincount(self.card, minlength=weights.shape[1]) - found[:, -1]
        alarms = (self.above(weights, self.ends) - found) / np.maximum(genuine, TINY)[:, None]
        begin, end = np.zeros((len(weights), 1)), np.ones((len(weights), 1))
        return _at(PLACES, np.hstack([begin, alarms, end]), np.hstack([begin, _shares(found), end]))


class FraudsByScore:
    """The share of frauds among the rows of each bin of scores; NaN in an empty one."""

    def __init__(self, scored: Scored) -> None:
        rows, bins = scored.rows, len(SCORE_EDGES) + 1
        self.cards = rows.cards
        place = np.searchsorted(SCORE_EDGES, scored.score, side="right")
        cell, size = rows.card * bins + place, rows.cards * bins
        self.frauds = np.bincount(cell, rows.fraud, minlength=size).reshape(rows.cards, bins)
        self.rows = np.bincount(cell, minlength=size).reshape(rows.cards, bins)
        count = np.bincount(place, minlength=bins)
        self.score = np.bincount(place, scored.score, minlength=bins) / np.maximum(count, 1)

    def __call__(self, weights: Floats) -> Floats:
        frauds, rows = weights @ self.frauds, weights @ self.rows
        shares: Floats = np.divide(frauds, rows, out=np.full(rows.shape, np.nan), where=rows > 0)
        return shares


@dataclass(frozen=True)
class Line:
    """A model's line of a curve."""

    curve: str
    model: str
    statistic: Statistic
    x: Floats


AXES = {
    "precision and recall": ("recall", "precision"),
    "ROC": ("share of genuine transactions above", "share of frauds found"),
    "calibration": ("mean score", "share of frauds"),
}


def lines_of(model: str, scored: Scored) -> list[Line]:
    """The lines of one model ("candidate" or "champion")."""
    rows = scored.rows
    ranked = (rows.card, rows.fraud, scored.score, rows.cards)
    calibration = FraudsByScore(scored)
    return [
        Line("precision and recall", model, PrecisionAtRecall(*ranked), PLACES[1:]),
        Line("ROC", model, RecallAtFalseAlarms(*ranked), PLACES),
        Line("calibration", model, calibration, calibration.score),
    ]


def curves(lines: list[Line], drawn: list[Floats]) -> list[dict[str, Any]]:
    """The curves as docs/evidence.md has them; `drawn` holds the resampled values of each line."""
    found: dict[str, dict[str, Any]] = {
        name: {"name": name, "x": x, "y": y, "lines": []} for name, (x, y) in AXES.items()
    }
    for line, values in zip(lines, drawn, strict=True):
        points = line.statistic(np.ones((1, line.statistic.cards)))[0]
        known = np.flatnonzero(np.isfinite(points))
        low, high = np.nanquantile(values[:, known], [(1 - BAND) / 2, (1 + BAND) / 2], axis=0)
        x, y = line.x[known], points[known]
        found[line.curve]["lines"].append(
            {
                "name": line.model,
                "points": np.column_stack([x, y]).round(DIGITS).tolist(),
                "band": np.column_stack([x, low, high]).round(DIGITS).tolist(),
            }
        )
    return list(found.values())


def _shares(found: Floats) -> Floats:
    shares: Floats = found / np.maximum(found[:, -1:], TINY)
    return shares


def _at(places: Floats, x: Floats, y: Floats) -> Floats:
    """The lines y over x (resamples × points, x rising) read at the places."""
    return np.array([np.interp(places, *line) for line in zip(x, y, strict=True)])
