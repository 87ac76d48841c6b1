"""A candidate: the folder of a trained model, read as serving reads it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fraud.errors import ModelError


class Candidate:
    """An MLflow model folder with model.onnx inside, ready to score."""

    def __init__(self, folder: Path) -> None:
        """Load it; raises ModelError if the folder is not such a model."""
        import yaml
        from onnxruntime import InferenceSession
        from onnxruntime.capi import onnxruntime_pybind11_state as onnx_error

        self.folder = folder
        for name in ("MLmodel", "model.onnx"):
            if not (folder / name).is_file():
                raise ModelError(f"{folder}: not a model: there is no {name}; give the folder that train wrote")
        try:
            description = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
            columns = yaml.safe_load(description["signature"]["inputs"])
            self.features: list[str] = [column["name"] for column in columns]
            self.name = str(description["metadata"]["family"])
        except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ModelError(f"{folder}/MLmodel: has no signature or no family; train the model again") from error
        try:
            self._session = InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        except (
            onnx_error.Fail,
            onnx_error.InvalidArgument,
            onnx_error.InvalidGraph,
            onnx_error.InvalidProtobuf,
        ) as error:
            raise ModelError(f"{folder}/model.onnx: not an ONNX model: {str(error).splitlines()[0]}") from error

    def score(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The probability of fraud of each row; the columns are `self.features`, in that order."""
        result: npt.NDArray[np.float32] = self._session.run(["probabilities"], {"features": rows})[0][:, 1]
        return result


def named(folders: list[Path]) -> dict[str, Candidate]:
    """Candidates by name: that of their family, with -2, -3 … for further ones of the same family."""
    found: dict[str, Candidate] = {}
    for folder in folders:
        candidate = Candidate(folder)
        same = sum(other.name == candidate.name for other in found.values())
        found[f"{candidate.name}-{same + 1}" if same else candidate.name] = candidate
    return found
