"""What every step reads: the settings, the rows and their parts, an exported model, and how errors are told."""

import json
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from fraud.data import FEATURES, IDENTIFIER, LABEL

FILE = "features.parquet"


@dataclass(frozen=True)
class Settings:
    """[training.settings]: shares of the rows, and a way to spoil the labels on purpose."""

    test_share: float = 0.3
    validation_share: float = 0.15
    training_share: float = 1.0
    shuffled_labels: bool = False

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Raises ValueError for a setting that does not exist."""
        given = json.loads(path.read_text())
        known = [each.name for each in fields(cls)]
        if unknown := [name for name in given if name not in known]:
            raise ValueError(f"there is no setting {unknown[0]}; there are {', '.join(known)}")
        return cls(**given)


@dataclass(frozen=True)
class Rows:
    """Features (rows × features, float32) and labels."""

    features: np.ndarray
    truth: np.ndarray


def parts(folder: Path, settings: Settings) -> dict[str, Rows]:
    """The rows of training, validation and test, told apart by their identifiers: a new row moves no other one."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / FILE)
    features = np.column_stack([table[name].to_numpy().astype(np.float32) for name in FEATURES])
    truth = table[LABEL].to_numpy().astype(float)
    place = np.array([zlib.crc32(str(each).encode()) / 2**32 for each in table[IDENTIFIER].to_pylist()])
    test, validation = settings.test_share, settings.test_share + settings.validation_share
    last = validation + (1 - validation) * settings.training_share
    chosen = {
        "test": place < test,
        "validation": (test <= place) & (place < validation),
        "training": (validation <= place) & (place < last),
    }
    return {name: Rows(features[rows], truth[rows]) for name, rows in chosen.items()}


class Exported:
    """The model folder that training wrote, read as serving reads it."""

    def __init__(self, folder: Path) -> None:
        from onnxruntime import InferenceSession

        self.folder = folder
        self.said: dict[str, Any] = json.loads((folder / "training.json").read_text())
        self._session = InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """One number a row: of a classifier's probabilities the last one."""
        return self._session.run(None, {"features": rows})[-1][:, -1].astype(float)


def exit_code_of(command: Callable[[], str]) -> int:
    """0 and what the command says, or 2 and its error in one line."""
    try:
        sys.stdout.write(command() + "\n")
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0
