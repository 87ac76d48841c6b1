"""The proof before traffic, against plain functions that are good, and bad in one way each."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from mlops.config import Proof
from mlops.release.asking import MODEL_STATUS, Answer, Ask
from mlops.release.proof import bad_requests, named, prove
from mlops.release.scoring import Examples

QUICK = Proof(rate=1000, seconds=0.02, p99_ms=60_000, errors=0.1)
REQUEST = {"data": [{"a": 1, "b": 2.5}, {"a": 0, "b": 0.5}]}
EXAMPLES = Examples(REQUEST, {"scores": [3.5, 0.5]})


@dataclass(frozen=True)
class Bundle:
    examples: Examples = EXAMPLES
    probes: tuple[tuple[Any, Any, float], ...] = (({"data": [{"a": 2, "b": 1}]}, {"scores": [3]}, 1.0),)


def score(body: bytes, deployment: str | None = None) -> Answer:
    """The sum of each row, behind Azure's front end; a caller's mistake is the model's own 400."""
    try:
        document = json.loads(body)
        assert list(document) == ["data"]
        assert isinstance(document["data"], list)
        assert document["data"]
        sums = []
        for row in document["data"]:
            assert sorted(row) == ["a", "b"]
            assert all(type(value) in {int, float} for value in row.values())
            sums.append(float(sum(row.values())))
        assert all(math.isfinite(each) for each in sums)
    except (ValueError, AssertionError, TypeError, RecursionError, OverflowError):
        return Answer(424, {MODEL_STATUS: "400"}, b"a mistake")
    return Answer(200, {}, json.dumps({"scores": sums}).encode())


def _proven(ask: Ask, policy: Proof = QUICK, bundle: Bundle = Bundle()) -> dict[str, Any]:
    said: list[str] = []
    found = prove(bundle, ask, policy, said.append)
    assert len(said) == 3
    json.dumps(found, allow_nan=False)
    return found


def test_a_good_deployment_is_proven() -> None:
    found = _proven(score)
    assert (found["passed"], found["reasons"]) == (True, [])
    assert found["golden"] == {"asked": 2, "equal": 2}
    assert len(found["bad"]) == 19
    assert {(each["status"], each["model_status"]) for each in found["bad"]} == {(424, 400)}
    assert found["load"]["requests"] == 20


def _shifted(answer: Answer) -> Answer:
    if not answer.good:
        return answer
    return Answer(
        200, {}, json.dumps({"scores": [1.1 * each for each in json.loads(answer.body)["scores"]]}).encode()
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_shifted, "golden request 0: answer.scores[0] is 3.85"),
        (
            lambda answer: Answer(200, {}, b"[") if answer.good else answer,
            "golden request 0: the answer is not JSON",
        ),
        (
            lambda answer: answer if answer.good else Answer(424, {MODEL_STATUS: "500"}, b"trace"),
            "bad request (nothing): not refused, answered with 424, the model's own 500: trace",
        ),
        (
            lambda answer: answer if answer.good else Answer(502),
            "bad request (no JSON): not refused, answered with 502",
        ),
        (
            lambda answer: answer if answer.good else Answer(0, {}, b"reset"),
            "not refused, answered with nothing: reset",
        ),
        (lambda answer: answer if answer.good else Answer(429), "not refused, answered with 429"),
    ],
)
def test_what_is_not_as_it_must_be_is_named(change: Callable[[Answer], Answer], reason: str) -> None:
    found = _proven(lambda body, deployment=None: change(score(body, deployment)))
    assert not found["passed"]
    assert any(reason in line for line in found["reasons"]), found["reasons"]


def test_a_script_that_answers_what_is_wrong_is_named_unless_it_may() -> None:
    def lenient(body: bytes, deployment: str | None = None) -> Answer:
        return score(body.replace(b"null", b"0"), deployment)

    found = _proven(lenient)
    assert [line.partition(":")[0] for line in found["reasons"]] == ["bad request (null for a number)"]
    assert _proven(lenient, QUICK.model_copy(update={"answered": ["null for a number"]}))["passed"]


def test_many_differences_are_counted_and_a_few_shown() -> None:
    bundle = Bundle(probes=tuple(({"data": [{"a": each, "b": 1}]}, {"scores": [-1]}, 1.0) for each in range(9)))
    found = _proven(score, bundle=bundle)
    assert found["golden"] == {"asked": 10, "equal": 1}
    assert found["reasons"][-1] == "golden requests: 4 more are not answered so"


def test_a_load_that_is_answered_with_errors_or_late_fails() -> None:
    asked = iter(range(10_000))

    def failing(body: bytes, deployment: str | None = None) -> Answer:
        found = score(body, deployment)
        return Answer(503, {}, b"busy") if found.good and next(asked) >= 2 else found

    found = _proven(failing)
    assert found["reasons"] == ["load: 20 of 20 requests failed, 0.1 of them may; the first with 503: busy"]
    late = _proven(score, QUICK.model_copy(update={"p99_ms": 1e-6}))
    assert late["reasons"][0].startswith("load: p99 is ")
    assert late["reasons"][0].endswith(" ms, the budget 1e-06 ms")


def test_a_name_is_given_to_whoever_is_asked() -> None:
    asked = []

    def ask(_: bytes, deployment: str | None = None) -> Answer:
        asked.append(deployment)
        return Answer(200)

    named(ask, "green")(b"")
    assert asked == ["green"]


@pytest.mark.parametrize("request_", [REQUEST, {"inputs": [[1.0, 2.0]]}, {"text": "a"}, [1, 2]])
def test_bad_requests_are_made_of_any_good_one(request_: Any) -> None:
    before = json.dumps(request_)
    found = list(bad_requests(request_))
    assert json.dumps(request_) == before
    assert len({each.name for each in found}) == len(found) >= 8
    assert before.encode() not in [each.body for each in found]
