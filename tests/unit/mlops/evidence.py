"""An evaluation, and a policy, as the tests of the gate and of the report want them."""

from __future__ import annotations

import copy
from typing import Any

from mlops.config import Gate
from mlops.gate.policy import SCHEMA

LEVELS = {"0.8": 1.2816, "0.9": 1.6449, "0.95": 1.96, "0.98": 2.3263, "0.99": 2.5758}
METRICS = {
    "average_precision": {"title": "average precision", "unit": "share", "direction": "higher", "digits": 3},
    "recall": {"title": "recall at the budget", "unit": "share", "direction": "higher", "digits": 3},
    "expected_cost": {"title": "expected cost", "unit": "EUR", "direction": "lower", "digits": 1},
    "brier": {"title": "Brier score", "unit": "", "direction": "lower", "digits": 5},
}
CANDIDATE = {"average_precision": 0.76, "recall": 0.70, "expected_cost": 110.0, "brier": 0.0030}
CHAMPION = {"average_precision": 0.765, "recall": 0.69, "expected_cost": 112.0, "brier": 0.0031}
ERRORS = {"average_precision": 0.004, "recall": 0.005, "expected_cost": 1.0, "brier": 0.00002}


def comparison(metric: str, value: float, error: float, reference: str = "champion") -> dict[str, Any]:
    """A comparison with normal intervals."""
    return {
        "metric": metric,
        "reference": reference,
        "value": value,
        "standard_error": error,
        "intervals": {level: [value - z * error, value + z * error] for level, z in LEVELS.items()},
        "resamples": 1000,
        "smallest_detectable": 2.5 * error,
    }


def slice_of(group: str, value: float, error: float, *, assessed: bool = True) -> dict[str, Any]:
    """A group of the slice `amount`."""
    return {
        "slice": "amount",
        "group": group,
        "rows": 900,
        "units": 300,
        "events": 40 if assessed else 4,
        "assessed": assessed,
        "reason": "" if assessed else "4 fraudulent cards, 10 are needed",
        "values": {"average_precision": 0.7 + value},
        "champion": {"average_precision": 0.7},
        "comparison": comparison("average_precision", value, error) if assessed else None,
    }


def curves() -> list[dict[str, Any]]:
    points = [[x / 20, 1 - (x / 20) ** 2] for x in range(21)]
    band = [[x, max(0.0, y - 0.05), min(1.0, y + 0.05)] for x, y in points]
    return [
        {
            "name": name,
            "x": x,
            "y": y,
            "lines": [
                {"name": "candidate", "points": points, "band": band},
                {"name": "champion", "points": [[x, y * 0.95] for x, y in points], "band": None},
            ],
        }
        for name, x, y in (
            ("precision and recall", "recall", "precision"),
            ("receiver operating characteristic", "false alarms", "recall"),
            ("calibration", "score", "share of frauds"),
        )
    ]


def evaluation(**parts: Any) -> dict[str, Any]:
    """A whole evaluation of a candidate that is about as good as the champion; `parts` replace parts of it."""
    document = {
        "schema": "evaluation/2",
        "title": "Card fraud, test week 2018-08-08 to 2018-08-14",
        "facts": [["trained on", "2018-06-02 to 2018-07-31"]],
        "data": {"rows": 58264, "unit": "card", "units": 4390, "event": "fraudulent card", "events": 258},
        "metrics": METRICS,
        "candidates": [
            {"name": "boosting", "family": "boosting", "parameters": {}, "metrics": dict(CANDIDATE)},
            {"name": "logistic", "family": "logistic", "parameters": {}, "metrics": dict(CANDIDATE)},
        ],
        "selected": "boosting",
        "selected_by": "average precision, mean of 2 validation weeks",
        "primary": "average_precision",
        "candidate": {"name": "boosting", "values": dict(CANDIDATE), "intervals": {}},
        "champion": {"name": "fraud:3", "values": CHAMPION, "intervals": {}},
        "comparisons": [
            *(comparison(name, CANDIDATE[name] - CHAMPION[name], error) for name, error in ERRORS.items()),
            comparison("average_precision", 0.75, 0.02, "constant"),
            comparison("average_precision", 0.4, 0.03, "only TX_AMOUNT"),
        ],
        "slices": [slice_of("0 to 20", -0.01, 0.01), slice_of("20 to 100", 0.02, 0.01)],
        "gaps": [
            {
                "slice": "amount",
                "metric": "average_precision",
                "value": 0.03,
                "groups": ["20 to 100", "0 to 20"],
                "interval": {"0.9": [0.01, 0.05], "0.95": [0.0, 0.06]},
            }
        ],
        "calibration": {"metrics": ["brier"]},
        "baselines": [
            {"name": "constant", "values": {"average_precision": 0.01}},
            {"name": "only TX_AMOUNT", "values": {"average_precision": 0.36}},
        ],
        "drift": {
            "reference": "training data of fraud:3",
            "features": [{"name": "TX_AMOUNT", "psi": 0.003, "nulls": 0.0, "zeros": 0.0}],
            "scores": 0.01,
        },
        "alarms": [],
        "operations": {
            "latency_ms": {"candidate": 0.012, "champion": 0.010},
            "size_bytes": {"candidate": 216_000, "champion": 150_000},
        },
        "curves": curves(),
        "importance": [{"name": "TX_AMOUNT", "value": 0.21, "standard_error": 0.01}],
        "explanations": [
            {
                "kind": "missed",
                "row": "77",
                "score": 0.0123,
                "base": -5.0,
                "contributions": [{"name": "TX_AMOUNT", "value": 12.5, "adds": 0.75}],
                "rest": -0.135,
            }
        ],
    }
    return copy.deepcopy({**document, **parts})


def policy(**settings: Any) -> dict[str, Any]:
    """The policy of these settings of [gate], with one floor that the evaluation above reaches."""
    gate = Gate(**{"floors": {"average_precision": 0.6}, **settings})
    return {"schema": SCHEMA, **gate.model_dump(mode="json")}


def without_champion(**parts: Any) -> dict[str, Any]:
    """The evaluation of a first model."""
    whole = evaluation()
    kept = [each for each in whole["comparisons"] if each["reference"] != "champion"]
    slices = [{**each, "champion": None, "comparison": None} for each in whole["slices"]]
    return {**whole, "champion": None, "comparisons": kept, "slices": slices, "drift": None, **parts}
