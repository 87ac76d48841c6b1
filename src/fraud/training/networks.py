"""Neural networks: layers of rectified units on squeezed and standardised features, learned by PyTorch or Keras.

What was learned is a list of weights, whichever framework learned it, so that one export serves both.
"""

import atexit
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fraud.training import ranks
from fraud.training.estimators import threads

Matrix = npt.NDArray[np.float32]
Layer = tuple[Matrix, Matrix]
"""Weights (inputs × outputs) and biases (outputs)."""


@dataclass
class Network(ABC):
    """A classifier; `forward` is the framework's own computation, which the export is compared with."""

    seed: int
    learning_rate: float
    epochs: int
    batch_size: int
    units: int
    hidden_layers: int

    def fit(self, rows: Matrix, label: npt.NDArray[np.integer]) -> Self:
        """Learn from rows × features and their labels, 0 or 1."""
        squeezed = _squeezed(rows)
        self.mean: Matrix = squeezed.mean(axis=0)
        deviation = squeezed.std(axis=0)
        self.scale: Matrix = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-6), 0).astype(np.float32)
        # The first guess of all rows is the share of frauds among them.
        share = float(label.mean())
        self.forward, self.layers = self.learn(
            self.standardised(rows), label.astype(np.float32)[:, None], math.log(share / (1 - share))
        )
        return self

    def standardised(self, rows: Matrix) -> Matrix:
        """Features of mean 0 and deviation 1, after amounts and days were squeezed by a logarithm."""
        return (_squeezed(rows) - self.mean) * self.scale

    def predict_proba(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """The probabilities of both classes, rows × 2."""
        fraud = 1 / (1 + np.exp(-self.forward(self.standardised(rows)).astype(np.float64)))
        return np.hstack([1 - fraud, fraud])

    @abstractmethod
    def learn(self, rows: Matrix, label: Matrix, bias: float) -> tuple[Callable[[Matrix], Matrix], list[Layer]]:
        """A function from rows to the logarithm of the odds (rows × 1), and the layers that it consists of."""


class TorchNetwork(Network):
    """By PyTorch."""

    def learn(self, rows: Matrix, label: Matrix, bias: float) -> tuple[Callable[[Matrix], Matrix], list[Layer]]:
        """Adam on the logarithmic loss, with the same order of rows for the same seed."""
        # Of the two deterministic ways in which a GPU may multiply matrices; it has to be known before the first.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        import torch

        device = _joined()
        torch.manual_seed(self.seed)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(threads())
        sizes = [rows.shape[1], *[self.units] * self.hidden_layers]
        linear = [torch.nn.Linear(*pair) for pair in pairwise(sizes)]
        last = torch.nn.Linear(sizes[-1], 1)
        torch.nn.init.constant_(last.bias, bias)
        model = torch.nn.Sequential(*(part for layer in linear for part in (layer, torch.nn.ReLU())), last).to(
            device
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=self.learning_rate)
        inputs, targets = torch.from_numpy(rows).to(device), torch.from_numpy(label).to(device)
        loss_of = torch.nn.BCEWithLogitsLoss()
        for _ in range(self.epochs):
            for batch in torch.randperm(len(inputs)).split(self.batch_size):
                optimizer.zero_grad()
                # Each process takes its part of the batch; the sum of their gradients is that of the whole.
                own = batch[ranks.rank() :: ranks.size()]
                if len(own):
                    (loss_of(model(inputs[own]), targets[own]) * (len(own) / len(batch))).backward()
                _add_up(model.parameters())
                optimizer.step()
        model.cpu().eval()

        def forward(given: Matrix) -> Matrix:
            with torch.no_grad():
                result: Matrix = model(torch.from_numpy(given)).numpy()
            return result

        learned = [(part.weight.detach().numpy().T, part.bias.detach().numpy()) for part in (*linear, last)]
        return forward, learned


def _joined() -> str:
    """The device of this process, once it has found the others: its own GPU, where the machine has any."""
    import torch

    gpu = torch.cuda.is_available()
    device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if gpu else "cpu"
    if ranks.size() > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if gpu else "gloo")
        atexit.register(torch.distributed.destroy_process_group)
    return device


def _add_up(parameters: Iterable[Any]) -> None:
    """Give each process the sum of all processes' gradients."""
    import torch

    if ranks.size() > 1:
        for each in parameters:
            if each.grad is None:
                each.grad = torch.zeros_like(each)
            torch.distributed.all_reduce(each.grad)


class KerasNetwork(Network):
    """By Keras on TensorFlow."""

    def learn(self, rows: Matrix, label: Matrix, bias: float) -> tuple[Callable[[Matrix], Matrix], list[Layer]]:
        """Adam on the logarithmic loss, with the same order of rows for the same seed."""
        # Without the optimisations that depend on the processor; and TensorFlow tells of nothing but errors on
        # standard error, where a step says what is wrong.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras
        import tensorflow

        keras.utils.set_random_seed(self.seed)
        tensorflow.config.experimental.enable_op_determinism()
        model = keras.Sequential(
            [
                keras.Input((rows.shape[1],)),
                *(keras.layers.Dense(self.units, activation="relu") for _ in range(self.hidden_layers)),
                keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(bias)),
            ]
        )
        model.compile(keras.optimizers.Adam(self.learning_rate), keras.losses.BinaryCrossentropy(from_logits=True))
        model.fit(rows, label, batch_size=self.batch_size, epochs=self.epochs, verbose=0)

        def forward(given: Matrix) -> Matrix:
            result: Matrix = model.predict(given, batch_size=65_536, verbose=0)
            return result

        return forward, [tuple(layer.get_weights()) for layer in model.layers]


def torch_network(seed: int, **parameters: Any) -> Network:
    """A network that PyTorch learns."""
    return TorchNetwork(seed, **parameters)


def keras_network(seed: int, **parameters: Any) -> Network:
    """A network that Keras learns, on TensorFlow."""
    return KerasNetwork(seed, **parameters)


def _squeezed(rows: Matrix) -> Matrix:
    """The logarithm of 1 + the size, with the sign: in float32 and in these steps, as the export computes it."""
    return np.sign(rows) * np.log(np.float32(1) + np.abs(rows))
