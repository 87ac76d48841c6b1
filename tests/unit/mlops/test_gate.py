"""The gate decides; the only thing that it looks at is the evidence and the policy."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.gate.__main__ import REFUSED, UNUSABLE, main
from mlops.gate.decide import UnusableEvidence, decide

NAMES = st.sampled_from(["roc_auc", "average_precision", "card_precision_100"])
SHARES = st.floats(0, 1)


def _evaluation(metrics: dict[str, float]) -> dict[str, Any]:
    return {"schema": "evaluation/1", "selected": "boosting", "metrics": metrics}


@given(st.dictionaries(NAMES, st.tuples(SHARES, SHARES), min_size=1))
def test_it_passes_exactly_if_every_metric_reaches_its_threshold(pairs: dict[str, tuple[float, float]]) -> None:
    evaluation = _evaluation({name: value for name, (value, _) in pairs.items()})
    verdict = decide(evaluation, {"thresholds": {name: limit for name, (_, limit) in pairs.items()}})
    below = [name for name, (value, limit) in pairs.items() if value < limit]
    assert (verdict["decision"] == "pass") is not bool(below)
    assert [reason.split()[0] for reason in verdict["reasons"]] == below


@given(SHARES, SHARES, SHARES)
def test_a_better_metric_never_turns_a_pass_into_a_refusal(low: float, high: float, limit: float) -> None:
    low, high = sorted((low, high))
    decided = [decide(_evaluation({"roc_auc": v}), {"thresholds": {"roc_auc": limit}}) for v in (low, high)]
    assert not (decided[0]["decision"] == "pass" and decided[1]["decision"] == "refuse")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_no_number_is_refused(value: float) -> None:
    verdict = decide(_evaluation({"roc_auc": value}), {"thresholds": {"roc_auc": 0.0}})
    assert verdict["decision"] == "refuse"


@pytest.mark.parametrize(
    ("evaluation", "policy", "what"),
    [
        ({"metrics": {"roc_auc": 1}}, {"thresholds": {"recall": 0.5}}, "names the metric recall"),
        ({}, {"thresholds": {"roc_auc": 0.5}}, "has no metrics"),
        ({"metrics": {"roc_auc": 1}}, {"thresholds": {}}, "no thresholds"),
        ({"metrics": {"roc_auc": 1}}, {}, "no thresholds"),
    ],
)
def test_evidence_that_cannot_be_judged_is_no_pass(
    evaluation: dict[str, Any], policy: dict[str, Any], what: str
) -> None:
    with pytest.raises(UnusableEvidence, match=what):
        decide(evaluation, policy)


def _run(folder: Path, evaluation: str, policy: str) -> int:
    (folder / "evaluation.json").write_text(evaluation)
    (folder / "policy.json").write_text(policy)
    return main(
        ["--evaluation", str(folder), "--policy", str(folder / "policy.json"), "--verdict", str(folder / "out")]
    )


def test_the_step_writes_its_verdict_whether_it_passes_or_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation = json.dumps(_evaluation({"roc_auc": 0.7}))
    assert _run(tmp_path, evaluation, '{"thresholds": {"roc_auc": 0.6}}') == 0
    assert json.loads((tmp_path / "out" / "verdict.json").read_text())["decision"] == "pass"
    assert _run(tmp_path, evaluation, '{"thresholds": {"roc_auc": 0.8}}') == REFUSED
    assert json.loads((tmp_path / "out" / "verdict.json").read_text())["decision"] == "refuse"
    said = capsys.readouterr().err
    assert said == "gate: boosting is refused: roc_auc 0.7000 is below the threshold 0.8\n"


def test_the_step_says_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, "{", "{}") == UNUSABLE
    assert capsys.readouterr().err.startswith("gate: ")
    assert not (tmp_path / "out").exists()
