"""A trained classifier as an MLflow model folder: ONNX, a signature and stated requirements; no pickle."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fraud.errors import ExportError
from fraud.features.table import Feature

if TYPE_CHECKING:
    import onnx
    from sklearn.base import ClassifierMixin

INPUT, OUTPUT = "features", "probabilities"

# What any deployment of the model needs besides what it was saved with: the platform adds the server to the
# model's own environment, and its generated script imports the collector. A test holds them to the versions that
# environments/serve/requirements.txt locks.
SERVER = ("azureml-inference-server-http==1.5.1", "azureml-ai-monitoring==1.0.0")
SAVED_WITH = ("mlflow-skinny", "onnx", "onnxruntime", "numpy", "pandas")

# An exported model computes in float32, the estimator in float64.
TOLERANCE = 1e-4


def to_onnx(estimator: "ClassifierMixin", features: int) -> "onnx.ModelProto":
    """The classifier as ONNX: `features` (rows × features, float32) to `probabilities` (rows × 2, float32)."""
    from skl2onnx import to_onnx as convert
    from skl2onnx.common.data_types import FloatTensorType
    from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs

    # Without ZipMap the probabilities are a plain tensor, not a list of dictionaries.
    converted = convert(
        estimator, initial_types=[(INPUT, FloatTensorType([None, features]))], options={"zipmap": False}
    )
    return select_model_inputs_outputs(converted, outputs=[OUTPUT])


def scores(model: "onnx.ModelProto", rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The probability of fraud of each row, by ONNX Runtime."""
    from onnxruntime import InferenceSession

    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: npt.NDArray[np.float32] = session.run([OUTPUT], {INPUT: rows})[0][:, 1]
    return result


def prove_equal(estimator: "ClassifierMixin", model: "onnx.ModelProto", rows: npt.NDArray[np.float32]) -> float:
    """The largest difference between the two models' scores on `rows`; raises ExportError above the tolerance."""
    trained = estimator.predict_proba(rows)[:, 1]
    difference = np.abs(trained - scores(model, rows))
    worst = int(difference.argmax())
    if difference[worst] > TOLERANCE:
        raise ExportError(
            f"the exported model scores row {worst} of the training window {difference[worst]:.2g} apart from the "
            f"trained one, more than {TOLERANCE:g}; a family must be exported exactly to be served"
        )
    return float(difference[worst])


def save(model: "onnx.ModelProto", features: Sequence[Feature], folder: Path, metadata: dict[str, Any]) -> None:
    """Write the MLflow model into `folder` (new or empty), with model.onnx inside.

    `save_model`, never `log_model`: the tracking server of Azure ML answers 404 to it, after the training is
    paid for.
    """
    import mlflow.onnx
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    signature = ModelSignature(
        inputs=Schema([ColSpec("long" if feature.whole else "double", feature.name) for feature in features]),
        outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, 2), OUTPUT)]),
    )
    with _quiet("mlflow.utils.requirements_utils"), _quiet("mlflow.utils.environment"):
        mlflow.onnx.save_model(
            model,
            str(folder),
            signature=signature,
            pip_requirements=[*(f"{name}=={version(name)}" for name in SAVED_WITH), *SERVER],
            metadata=metadata,
            onnx_execution_providers=["CPUExecutionProvider"],
            save_as_external_data=False,
        )


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """No warnings of one logger.

    MLflow warns that the server is not installed where the model is trained, and that a virtual environment
    made by uv has no pip to name the version of; both are as they should be.
    """
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
