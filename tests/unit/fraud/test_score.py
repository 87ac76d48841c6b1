"""score.py in the environment of the endpoint: the scores of the evaluation, and a reason for each refusal."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from mlops.release.proof import bad_requests
from tests.emulator import REPOSITORY

from .conftest import Step, read_json


def test_the_endpoint_scores_the_examples_as_the_evaluation_did(
    evaluated: Path, endpoint: Step, tmp_path: Path
) -> None:
    examples = read_json(evaluated / "evaluation" / "examples.json")
    assert examples["schema"] == "examples/1"
    probes = read_json(evaluated / "evaluation" / "probes.json")["probes"]
    asked = [["POST", json.dumps(each["request"])] for each in (examples, *probes)]
    [[status, kind, answer], *others] = _send(evaluated, endpoint, tmp_path, asked)
    assert (status, kind, list(answer)) == (200, "application/json", ["scores"])
    assert answer["scores"] == pytest.approx(examples["answer"]["scores"], abs=1e-6)
    assert answer["scores"][0] > answer["scores"][-1]
    assert [status for status, _, _ in others] == [200] * len(probes)
    found = [answer["scores"][0] for _, _, answer in others]
    assert found == pytest.approx([probe["answer"]["scores"][0] for probe in probes], abs=1e-6)


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
    good = read_json(evaluated / "evaluation" / "examples.json")["request"]["data"][0]

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
        row(TX_AMOUNT=math.inf): "row 1: field TX_AMOUNT must be a finite number",
        row(TX_AMOUNT=-math.inf): "row 1: field TX_AMOUNT must be a finite number",
        row().replace('"data"', '"data": [], "data"', 1).replace("}]}", ', "TX_AMOUNT": 1e999}]}'): "row 1: field",
        '{"data": [' + "9" * 5000 + "]}": "the body is not JSON",
        '{"data": "\udcff"}': "the body is not JSON",
        row(**{"\ud800": 1}): "row 1: field \ud800 is unknown",
        row(**{"": 1}): "row 1: field  is unknown",
        row(TX_AMOUNT={"a": "b" * 1000}): "row 1: field TX_AMOUNT must be a number, not {",
        row(TX_DURING_NIGHT=0.5): "row 1: field TX_DURING_NIGHT must be a whole number, not 0.5",
    }
    # what a release asks a deployment before anybody else does
    proof = bad_requests({"data": [good, good]})
    mistakes |= dict.fromkeys((bad.body.decode("utf-8", "surrogateescape") for bad in proof), "")
    others = ("GET", "PUT", "DELETE")
    requests = [*([method, row()] for method in others), *(["POST", body] for body in mistakes)]
    answers = _send(evaluated, endpoint, tmp_path, requests)
    for method in others:
        status, _, answer = answers.pop(0)
        assert (status, answer["error"]["code"]) == (405, "MethodNotAllowed")
        assert method in answer["error"]["message"]
    for (status, kind, answer), said in zip(answers, mistakes.values(), strict=True):
        assert (status, kind, answer["error"]["code"]) == (400, "application/json", "BadRequest")
        assert said in answer["error"]["message"]


def test_whole_numbers_may_be_written_as_floats(evaluated: Path, endpoint: Step, tmp_path: Path) -> None:
    good = read_json(evaluated / "evaluation" / "examples.json")["request"]["data"][0]
    both = [good, {name: float(value) for name, value in good.items()}]
    [[status, _, answer]] = _send(evaluated, endpoint, tmp_path, [["POST", json.dumps({"data": both})]])
    assert status == 200
    assert answer["scores"][0] == answer["scores"][1]
