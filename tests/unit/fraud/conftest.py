"""Transactions to test with, and the environments that the steps and the endpoint run in."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from azureml_local.runtimes.build import ensure
from azureml_local.runtimes.recipe import from_docker
from fraud.data.generator import generate
from fraud.features.prepare import prepare
from tests.emulator import ENVIRONMENTS, REPOSITORY
from tests.once import once

# Never a time: other processes share the machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

FAMILIES = ("logistic_regression", "lightgbm")
SETTINGS = {"train_days": 14, "validation_weeks": 1}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write three good transactions with some columns replaced; None leaves a column out."""

    def written(name: str = "transactions.parquet", **columns: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {
            "TRANSACTION_ID": [1, 2, 3],
            "TX_DATETIME": ["2018-04-01 00:00:31", "2018-04-01 12:00:00", "2018-04-02 23:59:59"],
            "CUSTOMER_ID": [596, 4961, 596],
            "TERMINAL_ID": [3156, 3412, 3156],
            "TX_AMOUNT": [57.16, 81.51, 0.0],
            "TX_FRAUD": [0, 0, 1],
        } | columns
        table = pa.table({key: value for key, value in values.items() if value is not None})
        if path.suffix == ".csv":
            pyarrow.csv.write_csv(table, path)
            return path
        if "TX_DATETIME" not in columns:
            place = table.column_names.index("TX_DATETIME")
            times = pa.compute.strptime(table["TX_DATETIME"], "%Y-%m-%d %H:%M:%S", "us")
            table = table.set_column(place, "TX_DATETIME", times)
        pq.write_table(table, path)
        return path

    return written


Step = Callable[..., subprocess.CompletedProcess[str]]


def runner(environment: str) -> Step:
    """A function that runs Python with arguments in an environment of `environments/`, built if need be."""
    folder = REPOSITORY / "environments" / environment
    built = ensure(ENVIRONMENTS, from_docker(folder, "Dockerfile"), lambda line: None)

    def run(*arguments: object, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "AZUREML_"))}
        return subprocess.run(
            [str(built.python), "-W", "error::FutureWarning", *map(str, arguments)],
            # one thread: those of two workers would wait for each other, busily
            env=kept | {"PYTHONPATH": str(REPOSITORY / "src"), "OMP_NUM_THREADS": "1"} | variables,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def step() -> Step:
    """Python in the environment of the steps."""
    return runner("train")


@pytest.fixture(scope="session")
def endpoint() -> Step:
    """Python in the environment of the endpoint."""
    return runner("serve")


@pytest.fixture(scope="session")
def evaluated(shared: Path, step: Step) -> Path:
    """A folder with features, a model of each family and their evaluation; made once for all workers of a run."""
    folder = shared / "fraud-steps"
    once(shared, "fraud-steps-made", lambda: _make(folder, step))
    return folder


def _make(folder: Path, step: Step) -> None:
    """Run the command lines; they write nothing on standard error."""
    folder.mkdir()
    generate(folder / "transactions.parquet", customers=300, terminals=600, days=45, radius=10.0)
    features = folder / "features"
    prepare(folder / "transactions.parquet", features, folder / "validation")
    settings = folder / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    given = ("--features", features, "--settings", settings)
    for family in FAMILIES:
        model = folder / family
        run = step("-m", "fraud.training.train", *given, "--family", family, "--model", model)
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith(f"{family}: trained on ")
    candidates = [item for family in FAMILIES for item in ("--candidate", folder / family)]
    outputs = ("--evaluation", folder / "evaluation", "--model", folder / "model")
    run = step("-m", "fraud.evaluation.evaluate", *given, *candidates, *outputs)
    assert (run.returncode, run.stderr) == (0, "")


def read_json(path: Path) -> Any:
    """The document in a file."""
    return json.loads(path.read_text(encoding="utf-8"))
