"""Train, evaluate and score, each in its own environment, as their command lines run in a pipeline."""

import fcntl
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from fraud.data.generator import generate
from fraud.features.prepare import prepare
from tests.emulator import REPOSITORY

from .conftest import Step

FAMILIES = ("logistic_regression", "hist_gradient_boosting")
WINDOWS = ("--train-days", "7", "--delay-days", "7", "--test-days", "7")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory, step: Step) -> Path:
    """A folder with features, a model of each family and their evaluation; made once for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "fraud-steps"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            _make(folder, step)
            (folder / "made").touch()
    return folder


def _make(folder: Path, step: Step) -> None:
    """Run the command lines; they write nothing on standard error."""
    generate(folder / "transactions.parquet", customers=300, terminals=600, days=45, radius=10.0)
    features = folder / "features"
    prepare(folder / "transactions.parquet", features, folder / "validation")
    for family in FAMILIES:
        model = folder / family
        run = step("-m", "fraud.training.train", "--features", features, "--family", family, "--model", model)
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith(f"{family}: trained on ")
    candidates = [item for family in FAMILIES for item in ("--candidate", folder / family)]
    outputs = ("--evaluation", folder / "evaluation", "--model", folder / "model")
    run = step("-m", "fraud.evaluation.evaluate", "--features", features, *candidates, *outputs, *WINDOWS)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.fixture(scope="module")
def features(evaluated: Path) -> Path:
    return evaluated / "features"


@pytest.fixture(scope="module")
def trained(evaluated: Path) -> Path:
    return evaluated


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_trained_model_is_onnx_with_a_signature_and_no_pickle(trained: Path) -> None:
    folder = trained / FAMILIES[1]
    assert sorted(file.name for file in folder.iterdir()) == [
        "MLmodel", "conda.yaml", "model.onnx", "python_env.yaml", "requirements.txt",
    ]  # fmt: skip
    description = (folder / "MLmodel").read_text()
    assert "family: hist_gradient_boosting" in description
    assert '"long", "name": "TX_DURING_WEEKEND"' in description.replace("\n    ", " ")
    requirements = (folder / "requirements.txt").read_text().split()
    assert {line.partition("==")[0] for line in requirements} >= {
        "mlflow-skinny", "onnxruntime", "azureml-inference-server-http", "azureml-ai-monitoring",
    }  # fmt: skip


def test_the_same_seed_trains_the_same_model(features: Path, trained: Path, step: Step, tmp_path: Path) -> None:
    arguments = ("--features", features, "--family", FAMILIES[1], "--model", tmp_path)
    assert step("-m", "fraud.training.train", *arguments).returncode == 0
    assert (tmp_path / "model.onnx").read_bytes() == (trained / FAMILIES[1] / "model.onnx").read_bytes()


def test_the_evaluation_says_what_was_compared_and_what_won(evaluated: Path) -> None:
    document = _json(evaluated / "evaluation" / "evaluation.json")
    assert document["schema"] == "evaluation/1"
    protocol = document["protocol"]
    assert (protocol["train_start"], protocol["test_end"]) == ("2018-04-25", "2018-05-16")
    assert protocol["rows"] > protocol["frauds"] > 0
    assert protocol["cards"] > 0
    assert protocol["cards_left_out"] > 0
    assert [candidate["name"] for candidate in document["candidates"]] == list(FAMILIES)
    best = max(document["candidates"], key=lambda candidate: candidate["metrics"]["average_precision"])
    assert (document["selected"], document["metrics"]) == (best["name"], best["metrics"])
    assert document["selected_by"] == "average_precision"
    assert set(best["metrics"]) == {"roc_auc", "average_precision", "card_precision_100"}
    assert 0.5 < best["metrics"]["roc_auc"] <= 1
    selected, copied = evaluated / best["name"] / "model.onnx", evaluated / "model" / "model.onnx"
    assert selected.read_bytes() == copied.read_bytes()


def test_the_endpoint_scores_the_examples_as_the_evaluation_did(
    evaluated: Path, endpoint: Step, tmp_path: Path
) -> None:
    examples = _json(evaluated / "evaluation" / "examples.json")
    assert {example["TX_FRAUD"] for example in examples} == {0, 1}
    body = json.dumps({"data": [example["features"] for example in examples]})
    [[status, kind, answer]] = _send(evaluated, endpoint, tmp_path, [["POST", body]])
    assert (status, kind, list(answer)) == (200, "application/json", ["scores"])
    assert answer["scores"] == pytest.approx([example["score"] for example in examples], abs=1e-6)


def _send(evaluated: Path, endpoint: Step, folder: Path, requests: list[list[str]]) -> Any:
    """Answers to requests, from score.py alone in its folder and the model one level below AZUREML_MODEL_DIR."""
    alone = folder / "code"
    alone.mkdir()
    shutil.copy(REPOSITORY / "src" / "fraud" / "serving" / "score.py", alone)
    below = folder / "registered" / "model"
    shutil.copytree(evaluated / "model", below)
    driver = Path(__file__).with_name("requests_to_score.py")
    run = endpoint(driver, alone, stdin=json.dumps(requests), AZUREML_MODEL_DIR=str(below.parent), PYTHONPATH="")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_callers_mistake_is_a_400_with_the_reason(evaluated: Path, endpoint: Step, tmp_path: Path) -> None:
    good = _json(evaluated / "evaluation" / "examples.json")[0]["features"]

    def row(**changes: Any) -> str:
        return json.dumps({"data": [good, good | changes]})

    lacking = {name: value for name, value in good.items() if name != "TX_AMOUNT"}
    mistakes = {
        "": "the body is not JSON",
        "{": "the body is not JSON",
        "[" * 100_000: "the body is not JSON",
        "null": 'the one field "data"',
        "[]": 'the one field "data"',
        json.dumps({"rows": [good]}): 'the one field "data"',
        json.dumps({"data": [good], "more": 1}): 'the one field "data"',
        json.dumps({"data": good}): "must be a list of one row or more",
        json.dumps({"data": []}): "must be a list of one row or more",
        json.dumps({"data": [good, [1, 2]]}): "row 1: must be an object",
        json.dumps({"data": [lacking]}): "row 0: field TX_AMOUNT is missing",
        row(TX_AMUONT=1): "row 1: field TX_AMUONT is unknown",
        row(TX_AMOUNT="12"): 'row 1: field TX_AMOUNT must be a number, not "12"',
        row(TX_AMOUNT=None): "row 1: field TX_AMOUNT must be a number, not null",
        row(TX_AMOUNT=True): "row 1: field TX_AMOUNT must be a number, not true",
        row(TX_AMOUNT=[1]): "row 1: field TX_AMOUNT must be a number, not [1]",
        row(TX_AMOUNT=math.nan): "row 1: field TX_AMOUNT must be a finite number",
        row(TX_AMOUNT=1e300): "row 1: field TX_AMOUNT must be a finite number",
        row(TX_AMOUNT=10**400): "row 1: field TX_AMOUNT must be a finite number",
        row(TX_AMOUNT=-math.inf): "row 1: field TX_AMOUNT must be a finite number",
        row(TX_DURING_NIGHT=0.5): "row 1: field TX_DURING_NIGHT must be a whole number, not 0.5",
    }
    answers = _send(evaluated, endpoint, tmp_path, [["GET", ""], *(["POST", body] for body in mistakes)])
    status, _, answer = answers.pop(0)
    assert (status, answer["error"]["code"]) == (405, "MethodNotAllowed")
    for (status, kind, answer), said in zip(answers, mistakes.values(), strict=True):
        assert (status, kind, answer["error"]["code"]) == (400, "application/json", "BadRequest")
        assert said in answer["error"]["message"]


def test_whole_numbers_may_be_written_as_floats(evaluated: Path, endpoint: Step, tmp_path: Path) -> None:
    good = _json(evaluated / "evaluation" / "examples.json")[0]["features"]
    both = [good, {name: float(value) for name, value in good.items()}]
    [[status, _, answer]] = _send(evaluated, endpoint, tmp_path, [["POST", json.dumps({"data": both})]])
    assert status == 200
    assert answer["scores"][0] == answer["scores"][1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--family", "perceptron"), "family 'perceptron' does not exist; there are logistic_regression, "),
        (("--family", FAMILIES[0], "--train-start", "2018-03-01"), "covers 2018-04-01 to 2018-05-15"),
        (("--family", FAMILIES[0], "--features", "nowhere"), "nowhere/features.parquet: no such file"),
    ],
)
def test_train_refuses_with_one_line_and_writes_nothing(
    features: Path, step: Step, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    model = tmp_path / "model"
    run = step("-m", "fraud.training.train", "--features", features, "--model", model, *arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert said in run.stderr
    assert not model.exists()


def test_evaluate_refuses_what_is_no_model(features: Path, trained: Path, step: Step, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(trained / FAMILIES[0], broken)
    (broken / "model.onnx").write_bytes(b"not onnx")
    for folder, said in ((tmp_path, "there is no MLmodel"), (broken, "not an ONNX model")):
        outputs = ("--evaluation", tmp_path / "evaluation", "--model", tmp_path / "model")
        run = step("-m", "fraud.evaluation.evaluate", "--features", features, "--candidate", folder, *outputs)
        assert run.returncode == 2
        assert run.stderr.count("\n") == 1
        assert said in run.stderr
    assert not (tmp_path / "evaluation").exists()
    assert not (tmp_path / "model").exists()


def test_a_run_is_logged_where_the_environment_says_and_nowhere_else(
    features: Path, step: Step, tmp_path: Path
) -> None:
    arguments = ("-m", "fraud.training.train", "--features", features, "--family", FAMILIES[0], "--model")
    logged = "import mlflow; [run] = mlflow.search_runs(output_format='list'); print(run.data.params['family'])"
    store = (tmp_path / "tracking").as_uri()
    run = step(*arguments, tmp_path / "model", MLFLOW_TRACKING_URI=store, MLFLOW_ALLOW_FILE_STORE="true")
    assert run.returncode == 0, run.stderr
    read = step("-c", logged, MLFLOW_TRACKING_URI=store, MLFLOW_ALLOW_FILE_STORE="true")
    assert read.stdout.strip() == FAMILIES[0], read.stderr
