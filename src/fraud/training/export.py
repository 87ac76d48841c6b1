"""A trained classifier as an MLflow model folder: ONNX, a signature and stated requirements; no pickle."""

import hashlib
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
from fraud.training.onnx_models import INPUT, OUTPUT

if TYPE_CHECKING:
    import onnx

# What any deployment of the model needs besides what it was saved with: the platform adds the server to the
# model's own environment, and its generated script imports the collector. A test holds them to the versions that
# environments/serve/requirements.txt locks.
SERVER = ("azureml-inference-server-http==1.5.1", "azureml-ai-monitoring==1.0.0")
SAVED_WITH = ("mlflow-skinny", "onnx", "onnxruntime", "numpy", "pandas")

# An exported model computes in float32, some estimators in float64.
TOLERANCE = 1e-5


def scores(model: "onnx.ModelProto", rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The probability of fraud of each row, by ONNX Runtime."""
    from onnxruntime import InferenceSession

    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: npt.NDArray[np.float32] = session.run([OUTPUT], {INPUT: rows})[0][:, 1]
    return result


def prove_equal(trained: npt.NDArray[np.floating], exported: npt.NDArray[np.floating]) -> float:
    """The largest difference between the two models' scores of the same rows; ExportError above the tolerance."""
    difference = np.abs(trained - exported)
    worst = int(difference.argmax())
    if not difference[worst] <= TOLERANCE:
        raise ExportError(
            f"the exported model scores row {worst} of {len(difference)} {difference[worst]:.2g} apart from the "
            f"trained one, more than {TOLERANCE:g}; a family must be exported exactly to be served"
        )
    return float(difference[worst])


def save(model: "onnx.ModelProto", features: Sequence[Feature], folder: Path, family: str) -> None:
    """Write the MLflow model into `folder` (new or empty), with model.onnx inside.

    Its metadata say the family, and the hash by which whoever scores with model.onnx sees that it is as it was.
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
    metadata: dict[str, Any] = {
        "family": family,
        "onnx_sha256": hashlib.sha256(model.SerializeToString()).hexdigest(),
    }
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
