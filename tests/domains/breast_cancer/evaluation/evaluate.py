"""The step `evaluate`: selects by the validation rows, and compares on the test rows: evaluation/2, examples/1."""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fraud.data import FEATURES
from fraud.model import BASELINE, CALIBRATION, EVENT, METRICS, PRIMARY, TITLE, UNIT, baseline, events, metrics
from fraud.table import Exported, Rows, Settings, exit_code_of, parts

RESAMPLES = 1000
LEVELS = (0.8, 0.9, 0.95, 0.98, 0.99)
DETECTED = 1.645 + 0.842
"""Standard errors that a difference must have to be found at 5 % one-sided in 80 % of cases."""


class Judge:
    """The test rows and their resamples, the same ones for every model."""

    def __init__(self, rows: Rows, seed: int) -> None:
        count = len(rows.truth)
        self.rows = rows
        drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)
        self.weights = np.vstack([np.ones(count), drawn]) / count

    def metrics(self, scores: np.ndarray) -> dict[str, np.ndarray]:
        """Each metric: on the rows as they are, then on each resample."""
        return metrics(self.rows.truth, scores, self.weights)


def values(found: dict[str, np.ndarray]) -> dict[str, float]:
    """The metrics on the rows as they are."""
    return {name: float(each[0]) for name, each in found.items()}


def interval(drawn: np.ndarray, level: float) -> list[float]:
    """The two-sided percentile interval."""
    return [float(each) for each in np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])]


def intervals(found: dict[str, np.ndarray]) -> dict[str, Any]:
    """Of one model."""
    return {name: {str(level): interval(each[1:], level) for level in (0.9, 0.95)} for name, each in found.items()}


def comparison(metric: str, reference: str, mine: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """Candidate minus reference on the same resamples."""
    difference = mine - theirs
    error = float(difference[1:].std(ddof=1))
    return {
        "metric": metric,
        "reference": reference,
        "value": float(difference[0]),
        "standard_error": error,
        "intervals": {str(level): interval(difference[1:], level) for level in LEVELS},
        "resamples": RESAMPLES,
        "smallest_detectable": DETECTED * error,
    }


def main() -> int:
    """The command line of the step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--candidate", type=Path, action="append", required=True)
    parser.add_argument("--champion", type=Path)
    parser.add_argument("--champion-name", default="champion")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evaluation", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()

    def evaluate() -> str:
        found = parts(options.features, Settings.read(options.settings))
        judge = Judge(found["test"], options.seed)
        models = {model.said["family"]: model for model in map(Exported, options.candidate)}
        judged = {name: judge.metrics(model.scores(judge.rows.features)) for name, model in models.items()}
        sign = 1 if METRICS[PRIMARY]["direction"] == "higher" else -1
        selected = max(models, key=lambda name: sign * models[name].said["selection"]["mean"])
        constant = np.full(len(judge.rows.truth), baseline(found["training"].truth))
        references = {BASELINE: judge.metrics(constant)}
        comparisons = [comparison(PRIMARY, BASELINE, judged[selected][PRIMARY], references[BASELINE][PRIMARY])]
        champion = None
        if options.champion:
            theirs = judge.metrics(Exported(options.champion).scores(judge.rows.features))
            champion = {"name": options.champion_name, "values": values(theirs), "intervals": intervals(theirs)}
            comparisons += [comparison(name, "champion", judged[selected][name], theirs[name]) for name in METRICS]
        document = {
            "schema": "evaluation/2",
            "title": f"{TITLE}, {len(judge.rows.truth)} test rows",
            "facts": [["trained on", f"{models[selected].said['rows']} rows"]],
            "data": {
                "rows": len(judge.rows.truth),
                "unit": UNIT,
                "units": len(judge.rows.truth),
                "event": EVENT,
                "events": events(judge.rows.truth),
            },
            "metrics": METRICS,
            "candidates": [
                {
                    "name": name,
                    "family": name,
                    "parameters": model.said["parameters"],
                    "selection": {PRIMARY: model.said["selection"]["mean"]},
                    "metrics": values(judged[name]),
                }
                for name, model in models.items()
            ],
            "selected": selected,
            "selected_by": f"{METRICS[PRIMARY]['title']} on {len(found['validation'].truth)} validation rows",
            "primary": PRIMARY,
            "candidate": {
                "name": selected,
                "values": values(judged[selected]),
                "intervals": intervals(judged[selected]),
            },
            "champion": champion,
            "comparisons": comparisons,
            "calibration": {"metrics": CALIBRATION},
            "baselines": [{"name": BASELINE, "values": values(references[BASELINE])}],
        }
        first = judge.rows.features[:3]
        examples = {
            "schema": "examples/1",
            "request": {"data": [dict(zip(FEATURES, row.tolist(), strict=True)) for row in first]},
            "answer": {"scores": models[selected].scores(first).tolist()},
        }
        options.evaluation.mkdir(parents=True, exist_ok=True)
        shutil.copytree(models[selected].folder, options.model, dirs_exist_ok=True)
        (options.evaluation / "examples.json").write_text(json.dumps(examples, indent=1))
        (options.evaluation / "evaluation.json").write_text(json.dumps(document, indent=1))
        return f"selected {selected}: {document['candidate']['values']}"

    return exit_code_of(evaluate)


if __name__ == "__main__":
    sys.exit(main())
