"""What an endpoint runs: {"data": [{feature: number}, …]} to {"scores": [number, …]}."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from onnxruntime import InferenceSession

loaded: dict[str, Any] = {}


def init() -> None:
    """Load the model below AZUREML_MODEL_DIR."""
    (folder,) = (file.parent for file in Path(os.environ["AZUREML_MODEL_DIR"]).rglob("MLmodel"))
    signature = yaml.safe_load((folder / "MLmodel").read_text())["signature"]
    loaded["features"] = [column["name"] for column in json.loads(signature["inputs"])]
    loaded["session"] = InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])


def run(body: str) -> dict[str, Any]:
    """Answer one request."""
    rows = [[row[name] for name in loaded["features"]] for row in json.loads(body)["data"]]
    found = loaded["session"].run(None, {"features": np.array(rows, dtype=np.float32)})
    return {"scores": found[-1][:, -1].astype(float).tolist()}
