"""How well each family does on the Fraud Detection Handbook's file: the tables of docs/model.md.

    python tests/benchmarks/quality.py FEATURES [--families NAME …] [--rolling] [--seed N]

FEATURES is the folder that `python -m fraud.features.prepare` writes for that file. Needs the packages of the
families' environment (environments/train; -torch and -tensorflow for the networks) and src on PYTHONPATH. Every
choice is made on the validation weeks, which end before 2018-08-08; the last columns are for reports only. With
--rolling the families are trained anew for seven test weeks in a row, 2018-08-08 to 2018-09-25.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from fraud.evaluation.candidate import Candidate
from fraud.evaluation.metrics import metrics
from fraud.features.table import FeatureTable
from fraud.settings import Settings
from fraud.split import windows_of
from fraud.training.families import FAMILIES
from fraud.training.rows import Rows
from fraud.training.train import train

TEST, VALIDATION_WEEKS, ROLLING_WEEKS = date(2018, 8, 8), 5, 7


def trained(features: Path, family: str, settings: Settings, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The training.json of a family, and its metrics, size and seconds of processor on the test week."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        document = train(features, family, Path(folder) / "model", settings=settings, seed=seed)
        seconds = time.process_time() - began
        candidate = Candidate(Path(folder) / "model")
        table = FeatureTable(features)
        window = windows_of(*table.span(), settings)
        rows = Rows(table, window.known_start, window.test_end)
        tested = rows.tested_on(window)
        score = candidate.score(rows.inputs[tested])
        size = (candidate.folder / "model.onnx").stat().st_size
    found = metrics(rows.day[tested], rows.card[tested], rows.label[tested], score)
    return document, {**found, "size": size, "seconds": seconds}


def line(name: str, *parts: Mapping[str, Any]) -> str:
    """A row of a table in Markdown."""
    cells = [
        f"{part[key]:.3f}" for part in parts for key in ("average_precision", "roc_auc", "card_precision_100")
    ]
    return f"| {' | '.join([name, *cells])} |"


def tell(text: str) -> None:
    """A line of what is found, at once: a family may take a minute."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("features", type=Path)
    known = [name for name, family in FAMILIES.items() if family.environment == "train"]
    parser.add_argument("--families", nargs="+", default=known, choices=FAMILIES)
    parser.add_argument("--rolling", action="store_true")
    parser.add_argument("--validation-weeks", type=int, default=VALIDATION_WEEKS, help="0: the test week alone")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.rolling:
        for family in options.families:
            weeks = []
            for week in range(ROLLING_WEEKS):
                start = TEST + timedelta(weeks=week)
                settings = Settings(test_start=start, validation_weeks=0)
                weeks.append(trained(options.features, family, settings, options.seed)[1])
                tell(line(f"{family} {start}", weeks[-1]))
            names = ("average_precision", "roc_auc", "card_precision_100")
            tell(line(f"{family} mean", {name: np.mean([week[name] for week in weeks]) for name in names}))
            tell(line(f"{family} deviation", {name: np.std([week[name] for week in weeks]) for name in names}))
        return
    settings = Settings(test_start=TEST, validation_weeks=options.validation_weeks)
    for family in options.families:
        document, found = trained(options.features, family, settings, options.seed)
        validation = {name: np.mean(values) for name, values in document["validation"].items()}
        took = f"{document['train_seconds']:.1f} s to fit, {found['seconds']:.0f} s of processor in all"
        exact = f"largest difference {document['largest_difference']:.1e}"
        measured = [validation, found] if validation else [found]
        tell(f"{line(family, *measured)} {found['size'] / 1000:.0f} kB, {took}, {exact}")


if __name__ == "__main__":
    main()
