"""The step `train`: train one model family on the training window and save it as an MLflow model.

python -m fraud.training.train --features FOLDER --family NAME --settings FILE --model FOLDER
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fraud.errors import WindowError, exit_code_of
from fraud.features.table import LABEL, FeatureTable, matrix
from fraud.output import written_whole
from fraud.settings import Settings
from fraud.tracking import log_run
from fraud.training.export import prove_equal, save, to_onnx
from fraud.training.families import FAMILIES, new_estimator
from fraud.training.split import midnight, windows_of


def train(
    features: Path,
    family: str,
    model: Path,
    *,
    settings: Settings,
    seed: int = 0,
) -> dict[str, Any]:
    """Write the model folder and return what it was trained on: window, rows, frauds, exactness of the export.

    The test window only decides where the training window lies, none of its rows are read. Raises a FraudError
    and then writes nothing.
    """
    estimator = new_estimator(family, seed)
    table = FeatureTable(features)
    window = windows_of(*table.span(), settings)
    rows = table.between(midnight(window.train_start), midnight(window.train_end))
    label = rows[LABEL].to_numpy()
    frauds = int(label.sum())
    if not 0 < frauds < len(label):
        raise WindowError(
            f"{window.train_start} to {window.train_end} (exclusive) has {len(label)} transactions and {frauds} "
            f"frauds; a model needs both kinds: choose another test_start or more train_days"
        )
    # float32, as the exported model takes it: so both see the same numbers on the same side of every threshold.
    inputs = matrix(rows, [feature.name for feature in table.features])
    estimator.fit(inputs, label)
    exported = to_onnx(estimator, inputs.shape[1])
    difference = prove_equal(estimator, exported, inputs)
    with written_whole(model) as folder:
        save(exported, table.features, folder, {"family": family})
    return {
        "family": family,
        "seed": seed,
        "train_start": window.train_start.isoformat(),
        "train_end": window.train_end.isoformat(),
        "rows": len(label),
        "frauds": frauds,
        "largest_difference": difference,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of the step; 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m fraud.training.train", description="Train one model family.")
    parser.add_argument("--features", type=Path, required=True, help="folder with features.parquet")
    parser.add_argument("--family", required=True, help=" or ".join(FAMILIES))
    parser.add_argument("--model", type=Path, required=True, help="folder for the MLflow model")
    parser.add_argument("--settings", type=Path, help="JSON file of settings that are not the default")
    parser.add_argument("--seed", type=int, default=0, help="seed of what is random in training (0)")
    options = vars(parser.parse_args(argv))

    file = options.pop("settings")

    def command() -> None:
        settings = Settings.read(file) if file else Settings()
        facts = train(**options, settings=settings)
        metrics = ("rows", "frauds", "largest_difference")
        log_run(
            {name: value for name, value in facts.items() if name not in metrics},
            {f"train_{name}": float(facts[name]) for name in metrics},
        )
        sys.stdout.write(
            f"{facts['family']}: trained on {facts['rows']} transactions, {facts['frauds']} frauds, from "
            f"{facts['train_start']} to {facts['train_end']} (exclusive); the export differs by at most "
            f"{facts['largest_difference']:.1g}\n"
        )

    return exit_code_of(command)


if __name__ == "__main__":
    sys.exit(main())
