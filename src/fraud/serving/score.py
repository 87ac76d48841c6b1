"""What an online endpoint runs, under azureml-inference-server-http. Only its own folder is importable there.

POST {"data": [{"TX_AMOUNT": 12.5, …}, …]} gives 200 {"scores": [0.01, …]}, the probability of fraud of each row.
A request that is not like that gives 400 {"error": {"code": "BadRequest", "message": "row 0: …"}}.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse
from onnxruntime import InferenceSession, SessionOptions

# Of a float32, what the model computes with: anything above it would become infinity.
LARGEST = float(np.finfo(np.float32).max)


class BadRequestError(Exception):
    """The caller's mistake, in words that the caller is shown."""


@dataclass(frozen=True)
class Model:
    """A loaded model: its session, and for each feature, in order, whether its values are whole numbers."""

    session: InferenceSession
    features: dict[str, bool]


_loaded: list[Model] = []  # filled once by init, for all requests


def init() -> None:
    """Load the model below AZUREML_MODEL_DIR; the server calls it once, and does not start if it raises."""
    folder = model_folder(Path(os.environ["AZUREML_MODEL_DIR"]))
    description = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    columns = json.loads(description["signature"]["inputs"])
    # An instance serves requests side by side; a row is too little work to be split among threads.
    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    _loaded[:] = [Model(session, {column["name"]: column["type"] == "long" for column in columns})]


def model_folder(root: Path) -> Path:
    """The folder with MLmodel and model.onnx: `root`, or one or two levels below it.

    Azure ML keeps the name of the registered folder below AZUREML_MODEL_DIR. Raises FileNotFoundError if there
    is none.
    """
    for pattern in ("MLmodel", "*/MLmodel", "*/*/MLmodel"):
        for found in sorted(root.glob(pattern)):
            if (found.parent / "model.onnx").is_file():
                return found.parent
    raise FileNotFoundError(f"AZUREML_MODEL_DIR={root}: no folder with MLmodel and model.onnx in it or below it")


@rawhttp  # type: ignore[untyped-decorator]
def run(request: AMLRequest) -> AMLResponse:
    """Answer one request."""
    if request.method != "POST":
        return _refusal(405, "MethodNotAllowed", f"send a POST, not a {request.method}")
    model = _loaded[0]
    try:
        rows = read_rows(request.get_data(), model.features)
    except BadRequestError as error:
        return _refusal(400, "BadRequest", str(error))
    scores = model.session.run(["probabilities"], {"features": rows})[0][:, 1]
    return AMLResponse({"scores": [float(score) for score in scores]}, 200, json_str=True)


def read_rows(body: bytes, features: dict[str, bool]) -> npt.NDArray[np.float32]:
    """The rows of a request body as a matrix in the features' order; raises BadRequestError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be decoded"
        raise BadRequestError(f"the body is not JSON: {reason}") from error
    if not isinstance(document, dict) or list(document) != ["data"]:
        raise BadRequestError('the body must be an object with the one field "data"')
    rows = document["data"]
    if not isinstance(rows, list) or not rows:
        raise BadRequestError('"data" must be a list of one row or more')
    return np.array([_row(index, row, features) for index, row in enumerate(rows)], dtype=np.float32)


def _row(index: int, row: Any, features: dict[str, bool]) -> list[float]:
    if not isinstance(row, dict):
        raise BadRequestError(f"row {index}: must be an object with the features' names and values")
    for name in row:
        if name not in features:
            raise BadRequestError(f"row {index}: field {name} is unknown")
    for name in features:
        if name not in row:
            raise BadRequestError(f"row {index}: field {name} is missing")
    return [_number(index, name, row[name], whole) for name, whole in features.items()]


def _number(index: int, name: str, value: Any, whole: bool) -> float:
    # In Python true is a number as well, in JSON it is not.
    if isinstance(value, bool) or not isinstance(value, int | float):
        kind = "null" if value is None else json.dumps(value)[:40]
        raise BadRequestError(f"row {index}: field {name} must be a number, not {kind}")
    # NaN is not below anything. Compared before it is converted: a whole number may be too large for a float.
    if not abs(value) <= LARGEST:
        raise BadRequestError(f"row {index}: field {name} must be a finite number")
    if whole and value != int(value):
        raise BadRequestError(f"row {index}: field {name} must be a whole number, not {value}")
    return float(value)


def _refusal(status: int, code: str, message: str) -> AMLResponse:
    return AMLResponse({"error": {"code": code, "message": message}}, status, json_str=True)
