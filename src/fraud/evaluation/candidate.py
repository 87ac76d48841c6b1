"""A model's folder, read as serving reads it: a candidate, or the champion that it is held against."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud.errors import ModelError

TRAINING, PROFILE = "training.json", "profile.json"


class Candidate:
    """An MLflow model folder with model.onnx inside, ready to score; what training wrote beside it as documents.

    `training` and `profile` are None where the folder has none.
    """

    def __init__(self, folder: Path) -> None:
        """Load it; raises ModelError if the folder is not such a model, or its ONNX file was altered."""
        import yaml
        from onnxruntime import InferenceSession, SessionOptions
        from onnxruntime.capi import onnxruntime_pybind11_state as onnx_error

        self.folder = folder
        for name in ("MLmodel", "model.onnx"):
            if not (folder / name).is_file():
                raise ModelError(f"{folder}: not a model: there is no {name}; give the folder that train wrote")
        try:
            description = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
            columns = yaml.safe_load(description["signature"]["inputs"])
            self.features: list[str] = [column["name"] for column in columns]
            self.whole: list[bool] = [column["type"] == "long" for column in columns]
            self.name = str(description["metadata"]["family"])
        except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ModelError(f"{folder}/MLmodel: has no signature or no family; train the model again") from error
        content = (folder / "model.onnx").read_bytes()
        self.size = len(content)
        exported = description["metadata"].get("onnx_sha256")
        try:
            # A row is too little work to be split among threads, and serving does not either.
            single = SessionOptions()
            single.intra_op_num_threads = single.inter_op_num_threads = 1
            self._session = InferenceSession(content, single, providers=["CPUExecutionProvider"])
        except (
            onnx_error.Fail,
            onnx_error.InvalidArgument,
            onnx_error.InvalidGraph,
            onnx_error.InvalidProtobuf,
        ) as error:
            raise ModelError(f"{folder}/model.onnx: not an ONNX model: {str(error).splitlines()[0]}") from error
        if hashlib.sha256(content).hexdigest() != exported:
            raise ModelError(
                f"{folder}/model.onnx: altered after export: its SHA-256 is not the one in MLmodel; train it again"
            )
        self.training = _document(folder / TRAINING)
        self.profile = _document(folder / PROFILE)

    def demand_documents(self) -> None:
        """Raise ModelError where training left no documents beside the model, which alarms are raised by."""
        for name, document in ((TRAINING, self.training), (PROFILE, self.profile)):
            if document is None:
                raise ModelError(f"{self.folder}: there is no {name}; give the folder that train wrote")

    def score(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What the model gives as probability of fraud of each row; the columns are `self.features`, in order."""
        result: npt.NDArray[np.float32] = self._session.run(["probabilities"], {"features": rows})[0][:, 1]
        return result

    def trained_on(self) -> tuple[date, date] | None:
        """The first day that was learned from and the day after the last; None where the folder does not say."""
        windows = (self.training or {}).get("windows")
        if not windows:
            return None
        try:
            return date.fromisoformat(windows["train_start"]), date.fromisoformat(windows["train_end"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self.folder}/{TRAINING}: has no dates of training; train the model again"
            ) from error

    def selection(self) -> tuple[str, float]:
        """The metric by which training says that models be selected, and its mean; raises ModelError without."""
        try:
            selection = (self.training or {})["selection"]
            return str(selection["metric"]), float(selection["mean"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self.folder}/{TRAINING}: says no value to select by; train the model again"
            ) from error


def _document(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: is not JSON: {error}; train the model again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: is not a JSON object; train the model again")
    return content


def named(folders: list[Path]) -> dict[str, Candidate]:
    """Candidates by name: that of their family, with -2, -3 … for further ones of the same family."""
    found: dict[str, Candidate] = {}
    for folder in folders:
        candidate = Candidate(folder)
        same = sum(other.name == candidate.name for other in found.values())
        found[f"{candidate.name}-{same + 1}" if same else candidate.name] = candidate
    return found
