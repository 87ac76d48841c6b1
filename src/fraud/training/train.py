"""The step `train`: train one model family, judge it on validation weeks, and save it as an MLflow model.

    python -m fraud.training.train --features FOLDER --family NAME --settings FILE --model FOLDER \\
        [--set NAME=VALUE …]

writes the model, training.json (what it learned from, and how well on the validation weeks) and profile.json (how
the features and its scores were distributed).
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fraud import boosters
from fraud.errors import FamilyError, exit_code_of
from fraud.evaluation.metrics import SELECTED_BY, metrics
from fraud.features.table import FeatureTable
from fraud.output import written_whole
from fraud.profile import distribution
from fraud.settings import Settings
from fraud.split import Windows, validation_windows, windows_of
from fraud.tracking import Run, tracked
from fraud.training import ranks
from fraud.training.export import prove_equal, save, scores
from fraud.training.families import FAMILIES, checked_seed, family_of
from fraud.training.imbalance import Trained
from fraud.training.machine import machine, versions
from fraud.training.onnx_models import corrected
from fraud.training.parameters import values_of
from fraud.training.rows import Rows

DEFAULTS, UNTRACKED = Settings(), Run()


def train(
    features: Path,
    family: str,
    model: Path,
    *,
    settings: Settings = DEFAULTS,
    seed: int = 0,
    parameters: Sequence[str] = (),
    run: Run = UNTRACKED,
) -> dict[str, Any]:
    """Write the model folder and return its training.json.

    The validation weeks come first, each scored by a model of the days before it; then the model is trained on
    the days before the test. No row from the test on is read. Raises a FraudError and then writes nothing.
    """
    row = family_of(family)
    if ranks.size() > 1 and not row.distributed:
        raise FamilyError(f"family {family} is trained by one process; it was given {ranks.size()}")
    checked_seed(seed)
    values = values_of(family, row.parameters, parameters)
    table = FeatureTable(features, settings.left_out)
    first, last = table.span()
    window = windows_of(first, last, settings)
    weeks = validation_windows(first, window, settings)
    every = [*weeks, window]
    rows = Rows(table, min(min(each.train_start, each.known_start) for each in every), window.test_start)

    def learned_from(week: Windows) -> tuple[Trained, Any, Any]:
        """What is learned, from which rows, and their labels as known then."""
        place, estimator = rows.trained_on(week), row.estimator(seed, **values)
        label = rows.known(week)[place]
        learned = Trained(estimator, rows.inputs[place], label, negatives=settings.negatives, seed=seed)
        return learned, place, label

    run.params({"family": family, "seed": seed, **values})
    validation: dict[str, list[float]] = {}
    for number, week in enumerate(weeks, start=1):
        (learned, *_), tested = learned_from(week), rows.tested_on(week)
        score = learned.score(rows.inputs[tested])
        for name, value in metrics(rows.day[tested], rows.card[tested], rows.label[tested], score).items():
            validation.setdefault(name, []).append(value)
        # What the weeks so far add to the mean of all: it grows to that mean, so that a sweep can end what
        # promises little, and never takes a good first week for the whole.
        run.metrics({SELECTED_BY: sum(validation[SELECTED_BY]) / len(weeks)}, step=number)
    run.metrics({name: float(np.mean(each)) for name, each in validation.items() if name != SELECTED_BY})

    began = time.perf_counter()
    learned, place, label = learned_from(window)
    seconds = time.perf_counter() - began
    graph = corrected(row.to_onnx(learned.estimator, len(rows.features)), learned.share)
    exported = scores(graph, rows.inputs)
    difference = prove_equal(learned.score(rows.inputs), exported)
    selected = validation.get(SELECTED_BY, [])
    document: dict[str, Any] = {
        "schema": "training/2",
        "family": family,
        "parameters": values,
        "seed": seed,
        "settings": asdict(settings) | {"test_start": settings.test_start and settings.test_start.isoformat()},
        "windows": {**window.document, "validation": [week.document for week in weeks]},
        "rows": int(place.sum()),
        "frauds": int(label.sum()),
        "negatives_kept": learned.share,
        "features": rows.features,
        "features_sha256": _sha256(table.path),
        "selection": {
            "metric": SELECTED_BY,
            "values": selected,
            "mean": float(np.mean(selected)) if selected else None,
        },
        "validation": validation,
        "largest_difference": difference,
        "train_seconds": seconds,
        "versions": versions((*row.packages, "numpy", "onnx", "onnxruntime")),
        "machine": machine(),
    }
    run.metrics({"rows": document["rows"], "frauds": document["frauds"], "train_seconds": seconds})
    profile = {
        "schema": "profile/1",
        "rows": document["rows"],
        "features": {
            name: distribution(values[place]) for name, values in zip(rows.features, rows.inputs.T, strict=True)
        },
        "scores": distribution(exported[place]),
    }
    with written_whole(model) as folder:
        save(graph, table.features, folder, family)
        boosters.save(learned.estimator, folder)
        for name, content in (("training.json", document), ("profile.json", profile)):
            (folder / name).write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return document


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of the step; 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m fraud.training.train", description="Train one model family.")
    parser.add_argument("--features", type=Path, required=True, help="folder with features.parquet")
    parser.add_argument("--family", required=True, help=" or ".join(FAMILIES))
    parser.add_argument("--model", type=Path, required=True, help="folder for the MLflow model")
    parser.add_argument("--settings", type=Path, help="JSON file of settings that are not the default")
    parser.add_argument("--seed", type=int, default=0, help="seed of what is random in training (0)")
    parser.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        dest="parameters",
        metavar="NAME=VALUE",
        help="a parameter of the family that is not the default; may be repeated",
    )
    options = vars(parser.parse_args(argv))
    file = options.pop("settings")

    def command() -> None:
        settings = Settings.read(file) if file else Settings()
        if ranks.rank():  # it learns with the first process, which writes and speaks for all
            with tempfile.TemporaryDirectory() as scratch:
                train(**{**options, "model": Path(scratch) / "model"}, settings=settings)
            return
        with tracked() as run:
            document = train(**options, settings=settings, run=run)
        window, mean = document["windows"], document["selection"]["mean"]
        sys.stdout.write(
            f"{document['family']}: trained on {document['rows']} transactions with {document['frauds']} frauds, "
            f"{window['train_start']} to {window['train_end']} (exclusive), in {document['train_seconds']:.1f} s\n"
        )
        if mean is not None:
            each = ", ".join(f"{value:.3f}" for value in document["selection"]["values"])
            sys.stdout.write(f"{SELECTED_BY} on validation weeks: {mean:.3f} ({each})\n")

    return exit_code_of(command)


if __name__ == "__main__":
    sys.exit(main())
