"""Parts of the test rows that a model has to be good for each, and the gaps between them.

The data has no coordinates, so terminals are told apart by how busy they are. A slice with too few fraudulent
cards is not assessed, which is not the same as passed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud.evaluation.bootstrap import comparison, intervals
from fraud.evaluation.metrics import PRIMARY, Metric, Scored
from fraud.evaluation.statistics import Floats, Statistic, value_of
from fraud.evaluation.testset import TestSet

MINIMUM_EVENTS = 10
"""Fraudulent cards that a slice needs to be assessed."""

GAP = "recall_at_budget"
"""The metric whose gaps between groups are told: which share of a group's frauds anyone looks at."""

Mask = npt.NDArray[np.bool_]
Key = tuple[str, int, str]  # whose, which slice, which metric


def _bands(values: npt.NDArray[Any], edges: list[float], unit: str = "") -> Iterator[tuple[str, Mask]]:
    """Groups of values from one edge to below the next; the last is open."""
    for low, high in pairwise(edges):
        yield f"{low:g} to {high:g}{unit}", (values >= low) & (values < high)
    yield f"{edges[-1]:g}{unit} and more", values >= edges[-1]


def _amounts(test: TestSet) -> Iterator[tuple[str, Mask]]:
    return _bands(test.judged.amount, [0, 20, 50, 100, 200])


def _ages(test: TestSet) -> Iterator[tuple[str, Mask]]:
    return _bands(test.card_age, [0, 30, 90], " days")


def _terminals(test: TestSet) -> Iterator[tuple[str, Mask]]:
    """Thirds of the transactions, by how many the terminal had before."""
    activity = test.terminal_activity
    low, high = np.quantile(activity, [1 / 3, 2 / 3])
    yield "quiet third", activity <= low
    yield "middle third", (activity > low) & (activity <= high)
    yield "busy third", activity > high


def _scenarios(test: TestSet) -> Iterator[tuple[str, Mask]]:
    """The frauds of one scenario, among all genuine transactions."""
    scenario = test.scenario
    for kind in [] if scenario is None else np.unique(scenario[scenario > 0]):
        yield f"scenario {kind}", (scenario == kind) | (test.judged.fraud == 0)


SLICES: dict[str, Callable[[TestSet], Iterator[tuple[str, Mask]]]] = {
    "amount": _amounts,
    "card's age in the data": _ages,
    "terminal's activity": _terminals,
    "fraud": _scenarios,
}


@dataclass(frozen=True)
class Slice:
    """A group of rows, and why it is not assessed, if so."""

    slice: str
    group: str
    mask: Mask
    events: int
    units: int
    reason: str


def slices_of(test: TestSet) -> list[Slice]:
    """Every group that has rows."""
    found = []
    for name, groups in SLICES.items():
        for group, mask in groups(test):
            rows = test.judged.where(mask)
            events = rows.fraudulent_cards()
            reason = f"{events} fraudulent cards, {MINIMUM_EVENTS} are needed" if events < MINIMUM_EVENTS else ""
            if events and not (rows.fraud == 0).any():
                reason = "frauds only"
            if mask.any():
                found.append(Slice(name, group, mask, events, len(np.unique(rows.card)), reason))
    return found


def statistics_of(
    slices: list[Slice], models: dict[str, Scored], metrics: dict[str, Metric]
) -> dict[Key, Statistic]:
    """The statistics of the slices that are assessed, by model ("candidate", "champion"), slice and metric."""
    return {
        (who, index, name): metric.statistic(scored.where(each.mask))
        for index, each in enumerate(slices)
        if not each.reason
        for who, scored in models.items()
        for name, metric in metrics.items()
        if metric.of_slices
    }


def described(
    slices: list[Slice], statistics: dict[Key, Statistic], drawn: dict[Key, Floats]
) -> list[dict[str, Any]]:
    """The slices as docs/evidence.md has them; `drawn` holds the resampled PRIMARY of both models."""
    found = []
    for index, each in enumerate(slices):
        values: dict[str, dict[str, float]] = {"candidate": {}, "champion": {}}
        for (who, place, name), statistic in statistics.items():
            if place == index:
                values[who][name] = value_of(statistic)
        ours, theirs = ("candidate", index, PRIMARY), ("champion", index, PRIMARY)
        compared = theirs in statistics and comparison(
            PRIMARY, "champion", statistics[ours], statistics[theirs], drawn[ours], drawn[theirs]
        )
        found.append(
            {
                "slice": each.slice,
                "group": each.group,
                "rows": int(each.mask.sum()),
                "units": each.units,
                "events": each.events,
                "assessed": not each.reason,
                "reason": each.reason,
                "values": values["candidate"],
                "champion": values["champion"] or None,
                "comparison": compared or None,
            }
        )
    return found


def gaps(slices: list[Slice], statistics: dict[Key, Statistic], drawn: dict[Key, Floats]) -> list[dict[str, Any]]:
    """For each slice the largest difference of GAP between two assessed groups of the candidate."""
    found = []
    for name in dict.fromkeys(each.slice for each in slices):
        keys = {
            each.group: ("candidate", index, GAP)
            for index, each in enumerate(slices)
            if each.slice == name and not each.reason
        }
        if len(keys) < 2:
            continue
        values = {group: value_of(statistics[key]) for group, key in keys.items()}
        most, least = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
        found.append(
            {
                "slice": name,
                "metric": GAP,
                "value": values[most] - values[least],
                "groups": [most, least],
                "interval": intervals(drawn[keys[most]] - drawn[keys[least]]),
            }
        )
    return found
