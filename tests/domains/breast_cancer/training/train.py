"""The step `train`: one family, exported to ONNX in an MLflow folder; it scores as the estimator does."""

import argparse
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from fraud.data import FEATURES
from fraud.model import CONVERSION, FAMILIES, METRICS, PRIMARY, metrics, predict
from fraud.table import Exported, Rows, Settings, exit_code_of, parts

NEEDED = ("mlflow-skinny", "onnx", "onnxruntime", "numpy", "pandas")
SERVER = ("azureml-inference-server-http==1.5.1", "azureml-ai-monitoring==1.0.0")


def main() -> int:
    """The command line of the step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--family", choices=FAMILIES, required=True)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()

    def train() -> str:
        settings, began = Settings.read(options.settings), time.perf_counter()
        parameters = {name: _value(text) for name, _, text in (each.partition("=") for each in options.set)}
        found = parts(options.features, settings)
        rows, checked = found["training"], found["validation"]
        truth = rows.truth
        if settings.shuffled_labels:
            truth = np.random.default_rng(options.seed).permutation(truth)
        estimator = FAMILIES[options.family](options.seed, **parameters).fit(rows.features, truth)
        document = {
            "schema": "training/2",
            "family": options.family,
            "parameters": parameters,
            "seed": options.seed,
            "settings": vars(settings),
            "rows": len(truth),
            "train_seconds": time.perf_counter() - began,
        }
        _save(estimator, options.model, options.family)
        document["selection"] = _judged(options.model, document, estimator, checked)
        (options.model / "training.json").write_text(json.dumps(document, indent=1))
        return f"{options.family}: {PRIMARY} {document['selection']['mean']:.4f} on {len(checked.truth)} rows"

    return exit_code_of(train)


def _value(text: str) -> Any:
    """A parameter as JSON reads it, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _save(estimator: Any, folder: Path, family: str) -> None:
    import mlflow.onnx
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    exported = to_onnx(
        estimator, initial_types=[("features", FloatTensorType([None, len(FEATURES)]))], **CONVERSION
    )
    mlflow.onnx.save_model(
        exported,
        str(folder),
        signature=ModelSignature(
            Schema([ColSpec("double", name) for name in FEATURES]),
            Schema([TensorSpec(np.dtype(np.float32), (-1, -1), "scores")]),
        ),
        pip_requirements=[*(f"{name}=={version(name)}" for name in NEEDED), *SERVER],
        metadata={"family": family},
        save_as_external_data=False,
    )


def _judged(folder: Path, document: dict[str, Any], estimator: Any, rows: Rows) -> dict[str, Any]:
    """The metric of selection on the validation rows, by the exported model. Raises ValueError if it differs."""
    (folder / "training.json").write_text(json.dumps(document))
    scores = Exported(folder).scores(rows.features)
    expected = predict(estimator, rows.features)
    if not np.allclose(scores, expected, rtol=1e-4, atol=1e-4):
        raise ValueError(f"the export differs by {np.abs(scores - expected).max():.2g}")
    weights = np.full((1, len(scores)), 1 / len(scores))
    values = {name: float(each[0]) for name, each in metrics(rows.truth, scores, weights).items()}
    assert values.keys() == METRICS.keys()
    return {"metric": PRIMARY, "values": [values[PRIMARY]], "mean": values[PRIMARY]}


if __name__ == "__main__":
    sys.exit(main())
