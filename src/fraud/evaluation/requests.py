"""Requests that an endpoint takes as they are, and what it must answer: examples, and probes of its decisions."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud.evaluation.candidate import Candidate
from fraud.evaluation.metrics import Scored
from fraud.evaluation.testset import TestSet

Document = dict[str, Any]
STRATA = ((0, 80), (1, 60), (3, 40), (12, 20))
"""Probes by where they stand in the order of scores: from so many times the number of alerts on, how many of them.

What lies near the threshold is what another version decides otherwise; drawn evenly from all, none of it would be,
and one that was would stand for a thousand rows.
"""


def examples(test: TestSet, model: Candidate, scored: Scored) -> Document:
    """2 frauds and 3 genuine transactions, from suspicious ones to others, and the answer to them."""
    chosen: list[int] = []
    for label, places in ((1, (1.0, 0.5)), (0, (1.0, 0.5, 0.0))):
        of_kind = np.flatnonzero(test.judged.fraud == label)
        ordered = of_kind[np.argsort(scored.score[of_kind], kind="stable")]
        chosen += [int(ordered[round(place * (len(ordered) - 1))]) for place in places]
    rows = _rows(test, model, list(dict.fromkeys(chosen)))  # a kind with one row only is not told twice
    answer = {"scores": [float(each) for each in _answers(model, rows)]}
    return {"schema": "examples/1", "request": {"data": rows}, "answer": answer}


def probes(test: TestSet, model: Candidate, scored: Scored) -> Document:
    """Requests of one row by which the decisions of two versions can be compared, 200 at most (STRATA).

    An alert is a row with a score above which as many rows lie as the budget allows. `weight` is the number of
    test rows that a probe stands for.
    """
    above = threshold(scored, test.settings.alerts_per_day)
    order = np.argsort(-scored.score, kind="stable")
    alerts = int((scored.score > above).sum())
    begins = [*(times * alerts for times, _ in STRATA), len(order)]
    parts = (order[begin:end] for begin, end in pairwise(begins))
    drawn = [each for part, (_, most) in zip(parts, STRATA, strict=True) for each in _evenly(part, most)]
    rows = _rows(test, model, [index for index, _ in drawn])
    return {
        "schema": "probes/1",
        "decide": {"path": "scores", "above": above},
        "probes": [
            {"request": {"data": [row]}, "answer": {"scores": [float(score)]}, "weight": weight}
            for row, score, (_, weight) in zip(rows, _answers(model, rows), drawn, strict=True)
        ],
    }


def threshold(scored: Scored, alerts_per_day: int) -> float:
    """The score above which `alerts_per_day` rows of a day lie, in the mean of the days.

    Between two scores, so that none is as large; of equal scores all are alerts, or none. 0 where there are fewer
    rows than that.
    """
    score = np.sort(scored.score.astype(float))[::-1]
    budget = alerts_per_day * len(np.unique(scored.rows.day))
    if budget >= len(score):
        return 0.0
    alerts = score[score > score[budget]]
    return float((alerts[-1] + score[budget]) / 2) if len(alerts) else float(score[budget])


def _evenly(part: npt.NDArray[np.int64], most: int) -> list[tuple[int, float]]:
    """Rows at even distances in their order, each with how many it stands for."""
    taken = min(most, len(part))
    places = np.linspace(0, len(part) - 1, taken).round().astype(int)
    return [(int(part[place]), len(part) / taken) for place in places]


def _rows(test: TestSet, model: Candidate, chosen: list[int]) -> list[dict[str, float]]:
    """Rows as an endpoint takes them. It takes no null: that is 0 here, and the answer is to the request."""
    kinds = {name: int if whole else float for name, whole in zip(model.features, model.whole, strict=True)}
    found = test.rows.select(model.features).take(chosen).to_pylist()
    return [{name: kind(row[name] or 0) for name, kind in kinds.items()} for row in found]


def _answers(model: Candidate, rows: list[dict[str, float]]) -> npt.NDArray[np.float32]:
    return model.score(np.array([list(row.values()) for row in rows], dtype=np.float32))
