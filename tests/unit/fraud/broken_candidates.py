"""Run in the environment of the steps: one good model and candidates that are broken, each in its own way.

python broken_candidates.py FOLDER

FOLDER holds features/. Each candidate is made by the code that makes real ones, out of doctored data or with a
doctored graph, and evaluated against the good one; FOLDER/NAME/evaluation has the evidence, FOLDER/outcomes.json
for each name the exit code and what was said on standard error.
"""

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import helper, numpy_helper

from fraud.evaluation.evaluate import main
from fraud.features.table import LABEL, FeatureTable
from fraud.settings import Settings
from fraud.split import midnight
from fraud.training.export import save
from fraud.training.train import train

TEST = date(2018, 5, 9)
SETTINGS = Settings(test_start=TEST, train_days=14, validation_weeks=0)
EARLIER = Settings(test_start=date(2018, 4, 25), train_days=14, validation_weeks=0)
FAMILY = "hist_gradient_boosting"
FEW_TREES = ("max_iter=40",)
"""For so few frauds more would make scores that are further from probabilities than half of them are."""
GRAPH = "model.onnx"
Table = Callable[[pa.Table], pa.Table]


def doctored(source: Path, target: Path, change: Table) -> Path:
    """Features with the table changed."""
    target.mkdir(parents=True)
    pq.write_table(change(pq.read_table(source / "features.parquet")), target / "features.parquet")
    return target


def replaced(table: pa.Table, name: str, values: Any) -> pa.Table:
    """A column with other values."""
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))


def in_test(table: pa.Table) -> np.ndarray:
    """The rows from the test's first day on."""
    return table["TX_DATETIME"].to_numpy() >= np.datetime64(midnight(TEST))


def shuffled(table: pa.Table) -> pa.Table:
    """The labels before the test in any order."""
    label = table[LABEL].to_numpy().copy()
    before = ~in_test(table)
    label[before] = np.random.default_rng(0).permutation(label[before])
    return replaced(table, LABEL, label)


def leaked(table: pa.Table) -> pa.Table:
    """A feature that is the label, a little disguised."""
    noise = np.random.default_rng(0).random(len(table)) / 10
    return table.append_column("RISK_SCORE", pa.array(table[LABEL].to_numpy() * 0.5 + noise))


def null_from_the_test_on(name: str) -> Table:
    """A feature that nobody fills any more."""

    def change(table: pa.Table) -> pa.Table:
        return replaced(table, name, pa.array(table[name].to_pylist(), mask=in_test(table)).to_pylist())

    return change


def regraphed(
    good: Path, target: Path, features: Path, added: Callable[[str], list[Any]], **constants: Any
) -> Path:
    """The good model with nodes between its probabilities and the output, exported as any other.

    `added` gives the nodes, from the tensor of the good probabilities to the tensor `changed`.
    """
    model = onnx.load(good / GRAPH)
    graph, inner = model.graph, "good"
    for node in graph.node:
        node.output[:] = [inner if name == "probabilities" else name for name in node.output]
        node.input[:] = [inner if name == "probabilities" else name for name in node.input]
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items())
    graph.node.extend([*added(inner), helper.make_node("Identity", ["changed"], ["probabilities"])])
    onnx.checker.check_model(model)
    target.mkdir(parents=True)
    save(model, FeatureTable(features).features, target, FAMILY)
    for name in ("training.json", "profile.json"):
        (target / name).write_bytes((good / name).read_bytes())
    return target


def halved(inner: str) -> list[Any]:
    """Half of each probability of fraud; the first column is that of genuine."""
    return [helper.make_node("Mul", [inner, "half"], ["changed"])]


def ruined(inner: str) -> list[Any]:
    """Nothing is a fraud between two amounts, which is the first feature."""
    return [
        helper.make_node("Gather", ["features", "first"], ["amount"], axis=1),
        helper.make_node("GreaterOrEqual", ["amount", "low"], ["above"]),
        helper.make_node("Less", ["amount", "high"], ["below"]),
        helper.make_node("And", ["above", "below"], ["within"]),
        helper.make_node("Where", ["within", "none", inner], ["changed"]),
    ]


def slowed(inner: str) -> list[Any]:
    """A hundred products of matrices with a mean of the rows, of which nothing is left."""
    names = ["wide", *(f"step{index}" for index in range(100))]
    return [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("MatMul", ["mean", "widen"], ["wide"]),
        *(helper.make_node("MatMul", [a, "square"], [b]) for a, b in pairwise(names)),
        helper.make_node("MatMul", [names[-1], "nothing"], ["zero"]),
        helper.make_node("Add", [inner, "zero"], ["changed"]),
    ]


def altered(good: Path, target: Path) -> Path:
    """A copy whose graph was touched after the export."""
    target.mkdir(parents=True)
    for file in good.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    model = onnx.load(good / GRAPH)
    model.doc_string = "better"
    onnx.save(model, target / GRAPH)
    return target


def run() -> None:
    """Make all of them, then evaluate each."""
    root = Path(sys.argv[1])
    features = root / "features"
    width = len(FeatureTable(features).features)

    def trained(name: str, data: Path = features, settings: Settings = SETTINGS, family: str = FAMILY) -> Path:
        parameters = FEW_TREES if family == FAMILY else ()
        train(data, family, root / name / "model", settings=settings, parameters=parameters)
        return root / name / "model"

    def graph(name: str, added: Callable[[str], list[Any]], **constants: Any) -> Path:
        return regraphed(good, root / name / "model", features, added, **constants)

    good = trained("good")
    of_leaked = doctored(features, root / "leaked" / "features", leaked)
    of_null = doctored(features, root / "null" / "features", null_from_the_test_on("TERMINAL_ID_RISK_7DAY_WINDOW"))
    single = np.float32
    cases: dict[str, tuple[Path, Path, Settings]] = {
        "good": (good, features, SETTINGS),
        "shuffled": (
            trained("shuffled", doctored(features, root / "shuffled" / "features", shuffled)), features, SETTINGS
        ),
        "leaked": (trained("leaked", of_leaked), of_leaked, SETTINGS),
        "overlapping": (good, features, EARLIER),
        "ruined": (
            graph(
                "ruined", ruined, first=np.array([0]), low=single(50), high=single(100),
                none=np.array([[1, 0]], single),
            ),
            features, SETTINGS,
        ),
        "halved": (graph("halved", halved, half=np.array([[1, 0.5]], single)), features, SETTINGS),
        "altered": (altered(good, root / "altered" / "model"), features, SETTINGS),
        "slowed": (
            graph(
                "slowed", slowed, widen=np.full((width, 256), 1e-9, single), nothing=np.zeros((256, 1), single),
                square=np.full((256, 256), 1e-3, single),
            ),
            features, SETTINGS,
        ),
        "null": (good, of_null, SETTINGS),
        "nan": (trained("nan", family="logistic_regression"), of_null, SETTINGS),
    }  # fmt: skip
    outcomes = {}
    for name, (model, data, settings) in cases.items():
        file = root / name / "settings.json"
        file.parent.mkdir(exist_ok=True)
        given = {key: value for key, value in asdict(settings).items() if key != "test_start"}
        file.write_text(json.dumps(given | {"test_start": str(settings.test_start)}))
        arguments = ["--features", data, "--settings", file, "--candidate", model, "--champion", good]
        outputs = ["--champion-name", "fraud:3", "--evaluation", file.parent / "evaluation", "--model"]
        said = io.StringIO()
        with redirect_stderr(said), redirect_stdout(io.StringIO()):
            code = main([str(each) for each in (*arguments, *outputs, file.parent / "selected")])
        outcomes[name] = {"code": code, "said": said.getvalue()}
    (root / "outcomes.json").write_text(json.dumps(outcomes))


if __name__ == "__main__":
    run()
