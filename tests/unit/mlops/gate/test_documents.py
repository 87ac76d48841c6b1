"""What cannot be judged is named with the path of what is wrong; the step says so and writes nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.gate.__main__ import REFUSED, UNUSABLE, main
from mlops.gate.decide import decide
from mlops.gate.shape import UnusableEvidence
from tests.unit.mlops.evidence import comparison, evaluation, policy

Change = Callable[[dict[str, Any]], Any]
BAD: list[tuple[Change, str]] = [
    (lambda d: d.update(schema="evaluation/1"), "schema: is 'evaluation/1', and not one of: evaluation/2"),
    (lambda d: d.pop("schema"), "schema: is missing"),
    (lambda d: d.pop("metrics"), "metrics: is missing"),
    (lambda d: d["data"].pop("events"), "data.events: is missing"),
    (lambda d: d["data"].update(events=-1), "data.events: is not a count: -1"),
    (lambda d: d["data"].update(events=True), "data.events: is not a count: True"),
    (lambda d: d.update(slices={}), "slices: is not a list"),
    (lambda d: d["slices"][1].pop("assessed"), "slices[1].assessed: is missing"),
    (
        lambda d: d["candidate"]["values"].update(recall=math.nan),
        "candidate.values.recall: is not a finite number: nan",
    ),
    (
        lambda d: d["candidate"]["values"].update(recall="1"),
        "candidate.values.recall: is not a finite number: '1'",
    ),
    (
        lambda d: d["candidate"]["values"].update(recall=True),
        "candidate.values.recall: is not a finite number: True",
    ),
    (
        lambda d: d["comparisons"][0]["intervals"].update({"0.9": [0.1, math.inf]}),
        "comparisons[0].intervals.0.9[1]: is not a finite number: inf",
    ),
    (lambda d: d["comparisons"][0]["intervals"].pop("0.9"), "comparisons[0].intervals.0.9: is missing"),
    (
        lambda d: d["comparisons"][0]["intervals"].update({"0.9": [0.2, 0.1]}),
        "comparisons[0].intervals.0.9: ends before it begins: [0.2, 0.1]",
    ),
    (lambda d: d["comparisons"][0]["intervals"].update({"0.9": [0.2]}), "has 1 values, not 2"),
    (
        lambda d: d["comparisons"][0]["intervals"].update({"0.9": [0.2, None]}),
        "comparisons[0].intervals.0.9: has one end only: [0.2, None]",
    ),
    (
        lambda d: d["comparisons"][0]["intervals"].update({"0.9": [None, None]}),
        "comparisons: average_precision with champion has no numbers to judge by",
    ),
    (lambda d: d["metrics"]["recall"].update(direction="up"), "metrics.recall.direction: is 'up'"),
    (lambda d: d.update(primary="auc"), "primary: names auc, which `metrics` does not describe"),
    (lambda d: d["comparisons"].append(comparison("auc", 0, 0)), "comparisons: names auc"),
    (lambda d: d.update(selected="tree"), "selected: is tree, and the candidates are: boosting, logistic"),
    (lambda d: d["candidate"].update(name="tree"), "candidate.name: is tree"),
    (lambda d: d["comparisons"].pop(0), "comparisons: has none of average_precision with champion"),
    (lambda d: d["comparisons"].pop(-1), "comparisons: has none of average_precision with only TX_AMOUNT"),
    (lambda d: d["champion"].pop("values"), "champion.values.brier: is missing, and the policy judges by it"),
    (
        lambda d: d["candidate"]["values"].update(average_precision=None),
        "candidate.values.average_precision: is missing",
    ),
    (lambda d: d["curves"][0]["lines"][0]["points"].append([1]), "lines[0].points[21]: has 1 values, not 2"),
    (lambda d: d.update(alarms=[{"alarm": "leakage"}]), "alarms[0].text: is missing"),
]


@pytest.mark.parametrize(("change", "said"), BAD, ids=[said for _, said in BAD])
def test_evidence_that_cannot_be_judged_is_named_with_its_path(change: Change, said: str) -> None:
    document = evaluation()
    change(document)
    with pytest.raises(UnusableEvidence) as caught:
        decide(document, policy(calibration={"brier": "10%"}))
    assert said in str(caught.value)


@pytest.mark.parametrize("document", [None, [], 1, "text", {}])
def test_what_is_no_document_is_said_to_be_none(document: Any) -> None:
    with pytest.raises(UnusableEvidence):
        decide(document, policy())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "gate-policy/1"}, "schema: is 'gate-policy/1'"),
        ({"floors": {}}, "floors: is empty"),
        (
            {"floors": {"auc": 0.5}},
            "the policy names the metric auc; the evaluation has: average_precision, brier",
        ),
        ({"guardrails": {"auc": 0.5}}, "the policy names the metric auc"),
        ({"primary": "auc"}, "the policy names the metric auc"),
        ({"margin": -0.1}, "margin: is negative: -0.1"),
        ({"margin": "much"}, 'margin: is neither a number nor a share such as "5%"'),
        ({"confidence": 0.94}, "confidence: is 0.94, and not one of"),
        ({"rule": "any", "any_of": []}, "any_of: is empty"),
        ({"rule": "any", "any_of": ["auc"]}, "the policy names the metric auc"),
        ({"mode": "off"}, "mode: is 'off'"),
    ],
)
def test_a_policy_that_cannot_be_judged_by_is_named_with_its_path(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UnusableEvidence) as caught:
        decide(evaluation(), {**policy(), **change})
    assert said in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(sorted(evaluation())), JSON)
def test_no_part_of_any_kind_breaks_the_gate(part: str, value: Any) -> None:
    """It is judged or unusable; there is no third."""
    try:
        verdict = decide(evaluation(**{part: value}), policy(calibration={"brier": "10%"}, slices={"margin": 0.1}))
    except UnusableEvidence:
        return
    assert verdict["decision"] in {"accept", "reject", "undecided", "needs-approval"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The step in a folder of its own, as a job has one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZUREML_RUN_ID", "gate-run")

    def step(document: Any, by: Any) -> int:
        for name, content in (("evaluation.json", document), ("policy.json", by)):
            (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
        words = {"evaluation": tmp_path, "policy": tmp_path / "policy.json", "verdict": tmp_path / "verdict"}
        return main([part for name, path in words.items() for part in (f"--{name}", str(path))])

    return step


def _verdict(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "verdict" / "gate.json").read_text())


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({}, 0, ""),
        (
            {"floors": {"average_precision": 0.8}},
            REFUSED,
            "gate: boosting is refused: average_precision 0.760 is below the floor 0.8\n",
        ),
        (
            {"rule": "superiority"},
            REFUSED,
            "gate: boosting is undecided: average_precision -0.005 [-0.012, +0.002]",
        ),
        ({"approvals": ["every-model"]}, REFUSED, "gate: boosting needs approval: the policy wants every model"),
        ({"floors": {"average_precision": 0.8}, "mode": "dry_run"}, 0, "gate: boosting is refused: "),
    ],
)
def test_the_step_writes_its_verdict_whatever_it_is(
    run: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, Any],
    code: int,
    said: str,
) -> None:
    assert run(evaluation(), policy(**settings)) == code
    verdict = _verdict(tmp_path)
    assert verdict == decide(evaluation(), policy(**settings))
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert bool(error) == bool(said)
    assert sorted(path.name for path in (tmp_path / "verdict").iterdir()) == [
        "gate.json",
        "gate.md",
        "gate.xml",
        "report.html",
    ]
    # what Azure ML keeps as the run's artifact, where MLflow finds it
    page = (tmp_path / "outputs" / "report.html").read_text()
    assert page == (tmp_path / "verdict" / "report.html").read_text()
    suite = ET.fromstring((tmp_path / "verdict" / "gate.xml").read_text())  # noqa: S314 - our own
    names = [(case.get("classname"), case.get("name")) for case in suite]
    assert names == [(f"gate.{found['rule']}", found["subject"]) for found in verdict["rules"]]
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert len(failed) == int(suite.get("failures", "")) == (len(verdict["reasons"]) if code else 0)


def test_outside_a_job_the_step_writes_to_its_output_only(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZUREML_RUN_ID")
    assert run(evaluation(), policy()) == 0
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("document", "by", "said"),
    [
        ("{", policy(), "gate: evaluation.json is not JSON: "),
        ('{"schema": NaN}', policy(), "gate: evaluation.json: schema: is nan"),
        (evaluation(), "[]", "gate: policy.json: is not a mapping"),
        (evaluation(title=1), policy(), "gate: evaluation.json: title: is not text: 1"),
    ],
)
def test_the_step_says_what_it_cannot_read(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Any, by: Any, said: str
) -> None:
    assert run(document, by) == UNUSABLE
    assert capsys.readouterr().err.startswith(said)
    assert not (tmp_path / "verdict").exists()


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--evaluation", str(tmp_path), "--policy", str(tmp_path / "p"), "--verdict", str(tmp_path / "v")]
    assert main(words) == UNUSABLE
    assert "No such file or directory" in capsys.readouterr().err
