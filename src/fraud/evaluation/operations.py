"""What a model costs to run: the time of one row, size, and how long training took."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud.evaluation.candidate import Candidate

ROUNDS = 400


def operations(
    models: Mapping[str, tuple[Candidate, npt.NDArray[np.float32]]], rounds: int = ROUNDS
) -> dict[str, Any]:
    """For each model, given with its inputs, the median latency of a row in ms, bytes, and seconds of training.

    The models are asked in turn, each round the same row and the other one first, so that what else the machine
    does, and who finds the row in no cache, hits all of them.
    """
    spent: dict[str, list[int]] = {name: [] for name in models}
    for turn in range(rounds):
        order = list(models.items())
        for name, (model, inputs) in order if turn % 2 else reversed(order):
            row = turn % len(inputs)
            one = inputs[row : row + 1]
            begin = time.perf_counter_ns()
            model.score(one)
            spent[name].append(time.perf_counter_ns() - begin)
    return {
        "latency_ms": {name: float(np.median(times)) / 1e6 for name, times in spent.items()},
        "size_bytes": {name: model.size for name, (model, _) in models.items()},
        "train_seconds": {
            name: (model.training or {}).get("train_seconds") for name, (model, _) in models.items()
        },
    }
