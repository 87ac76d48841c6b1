"""Each rule of the gate, and each outcome that it can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops.gate.decide import decide
from mlops.gate.rules import RULES, reference
from tests.unit.mlops.evidence import CANDIDATE, LEVELS, comparison, evaluation, policy, slice_of, without_champion

REPOSITORY = Path(__file__).parents[4]
CLEARLY, HARDLY = 0.004, 0.02
NOTHING = {
    **comparison("average_precision", 0, 0),
    "value": None,
    "standard_error": None,
    "intervals": {level: [None, None] for level in LEVELS},
}
"""A comparison of which no resample had anything to count."""


def _found(document: dict[str, Any], rule: str, /, **settings: Any) -> list[dict[str, Any]]:
    verdict = decide(document, policy(**settings))
    return [found for found in verdict["rules"] if found["rule"] == rule]


def _outcomes(document: dict[str, Any], rule: str, /, **settings: Any) -> list[str]:
    return [found["outcome"] for found in _found(document, rule, **settings)]


def _compared(*pairs: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """The evaluation with these comparisons in place of those of the same metric and reference."""
    document = evaluation(**parts)
    replaced = {(each["metric"], each["reference"]) for each in pairs}
    kept = [each for each in document["comparisons"] if (each["metric"], each["reference"]) not in replaced]
    return {**document, "comparisons": [*pairs, *kept]}


@pytest.mark.parametrize(
    ("metric", "limit", "outcome", "reason"),
    [
        ("average_precision", 0.76, "pass", "average_precision 0.760 reaches the floor 0.76"),
        ("average_precision", 0.77, "fail", "average_precision 0.760 is below the floor 0.77"),
        ("expected_cost", 110, "pass", "expected_cost 110.0 keeps the limit 110"),
        ("expected_cost", 109, "fail", "expected_cost 110.0 is above the limit 109"),
    ],
)
def test_floors(metric: str, limit: float, outcome: str, reason: str) -> None:
    for document in (evaluation(), without_champion()):
        (found,) = _found(document, "floors", floors={metric: limit})
        assert (found["outcome"], found["reason"], found["value"], found["limit"]) == (
            outcome,
            reason,
            CANDIDATE[metric],
            limit,
        )


@pytest.mark.parametrize(
    ("value", "error", "outcome"),
    [
        (-0.003, CLEARLY, "pass"),
        (0.01, CLEARLY, "pass"),
        (-0.03, CLEARLY, "fail"),
        (-0.015, CLEARLY, "undecided"),
        (-0.001, HARDLY, "undecided"),
        (0.0, 0.0, "pass"),
    ],
)
def test_primary_by_non_inferiority(value: float, error: float, outcome: str) -> None:
    (found,) = _found(_compared(comparison("average_precision", value, error)), "primary")
    assert (found["outcome"], found["value"], found["limit"]) == (outcome, value, -0.02)
    assert found["interval"] == pytest.approx([value - 1.6449 * error, value + 1.6449 * error])


@pytest.mark.parametrize(
    ("value", "error", "outcome"),
    [
        (0.02, CLEARLY, "pass"),
        (0.001, CLEARLY, "undecided"),
        (0.0, 0.0, "undecided"),
        (-0.02, CLEARLY, "fail"),
    ],
)
def test_primary_by_superiority(value: float, error: float, outcome: str) -> None:
    document = _compared(comparison("average_precision", value, error))
    assert _outcomes(document, "primary", rule="superiority") == [outcome]


@pytest.mark.parametrize(
    ("confidence", "outcome"), [(0.9, "pass"), (0.95, "undecided"), (0.99, "undecided"), (0.995, "undecided")]
)
def test_the_confidence_chooses_the_interval(confidence: float, outcome: str) -> None:
    document = _compared(comparison("average_precision", -0.0125, 0.005))
    assert _outcomes(document, "primary", confidence=confidence) == [outcome]


def test_the_policy_may_name_another_primary_metric() -> None:
    (found,) = _found(evaluation(), "primary", primary="recall")
    assert found["subject"] == "recall"


def test_a_margin_in_percent_is_one_of_the_champion_s_value() -> None:
    (found,) = _found(evaluation(), "guardrails", guardrails={"expected_cost": "5%"})
    assert found["limit"] == pytest.approx(0.05 * 112)


@pytest.mark.parametrize(
    ("metric", "value", "error", "outcome"),
    [
        ("recall", 0.01, 0.005, "pass"),
        ("recall", -0.05, 0.005, "fail"),
        ("recall", -0.01, 0.02, "undecided"),
        ("expected_cost", -3.0, 1.0, "pass"),
        ("expected_cost", 9.0, 1.0, "fail"),
        ("expected_cost", 1.0, 3.0, "undecided"),
    ],
)
def test_guardrails(metric: str, value: float, error: float, outcome: str) -> None:
    document = _compared(comparison(metric, value, error))
    margins = {"recall": 0.02, "expected_cost": 3.0}
    assert _outcomes(document, "guardrails", guardrails={metric: margins[metric]}) == [outcome]


@pytest.mark.parametrize(
    ("value", "outcome"), [(0.00001, "pass"), (0.001, "fail"), (0.0003, "undecided"), (-0.001, "pass")]
)
def test_calibration(value: float, outcome: str) -> None:
    document = _compared(comparison("brier", value, 0.00002))
    assert _outcomes(document, "calibration", calibration={"brier": "10%"}) == [outcome]


def test_calibration_that_is_not_measured_is_not_passed() -> None:
    document = evaluation(calibration=None)
    assert _outcomes(document, "calibration", calibration={"brier": "10%"}) == ["not-assessed"]


@pytest.mark.parametrize(("events", "outcome"), [(30, "pass"), (29, "undecided")])
def test_events(events: int, outcome: str) -> None:
    document = evaluation()
    document["data"]["events"] = events
    assert _outcomes(document, "events") == [outcome]
    assert decide(document, policy())["decision"] == ("accept" if outcome == "pass" else "undecided")


@pytest.mark.parametrize(
    ("part", "outcome"),
    [
        (slice_of("0 to 20", -0.02, 0.01), "pass"),
        (slice_of("0 to 20", -0.30, 0.05), "fail"),
        (slice_of("0 to 20", -0.05, 0.08), "not-assessed"),
        (slice_of("0 to 20", -0.30, 0.05, assessed=False), "not-assessed"),
        ({**slice_of("0 to 20", 0, 0), "comparison": NOTHING}, "not-assessed"),
    ],
)
def test_slices(part: dict[str, Any], outcome: str) -> None:
    document = evaluation(slices=[part])
    assert _outcomes(document, "slices", slices={"margin": 0.1}) == [outcome]
    assert _outcomes(document, "slices") == []


@pytest.mark.parametrize(
    ("asked", "outcome", "decision"),
    [
        ("report", "not-assessed", "accept"),
        ("approval", "approval", "needs-approval"),
        ("undecided", "undecided", "undecided"),
    ],
)
def test_a_slice_that_is_not_assessed_holds_back_only_if_the_policy_asks(
    asked: str, outcome: str, decision: str
) -> None:
    document = evaluation(slices=[slice_of("0 to 20", 0, 0, assessed=False)])
    verdict = decide(document, policy(slices={"margin": 0.1, "not_assessed": asked}))
    (found,) = [each for each in verdict["rules"] if each["rule"] == "slices"]
    assert (found["outcome"], verdict["decision"]) == (outcome, decision)
    assert found["reason"] == "amount 0 to 20 is not assessed: 4 fraudulent cards, 10 are needed"


@pytest.mark.parametrize(
    ("candidate", "champion", "outcome"),
    [
        (0.010, 0.010, "pass"),
        (0.034, 0.006, "pass"),  # 6 ×, and nobody notices a thirtieth of a thousandth of a second
        (0.100, 0.010, "fail"),
        (0.029, 0.010, "pass"),  # a busy machine
        (3.0, 1.0, "pass"),
        (10.0, 1.0, "fail"),
        (60.0, 20.0, "fail"),
        (60.0, None, "fail"),
        (10.0, None, "pass"),
    ],
)
def test_latency(candidate: float, champion: float | None, outcome: str) -> None:
    document = evaluation(operations={"latency_ms": {"candidate": candidate, "champion": champion}})
    assert _outcomes(document, "latency") == [outcome]
    assert _outcomes(document, "size") == ["not-assessed"]


def test_a_first_model_is_held_to_the_absolute_limit_only() -> None:
    document = without_champion(operations={"latency_ms": {"candidate": 40.0, "champion": None}})
    assert _outcomes(document, "latency") == ["pass"]
    assert _outcomes(document, "latency", latency={"limit": 30.0}) == ["fail"]


@pytest.mark.parametrize(
    ("candidate", "champion", "outcome"),
    [(7e6, 2e5, "pass"), (3e7, 2e5, "fail"), (3e7, 2e7, "pass"), (6e8, 5e8, "fail")],
)
def test_size(candidate: float, champion: float, outcome: str) -> None:
    document = evaluation(operations={"size_bytes": {"candidate": candidate, "champion": champion}})
    assert _outcomes(document, "size") == [outcome]


def test_drift_wants_a_person_to_look() -> None:
    drift = {
        "reference": "training data of fraud:3",
        "features": [{"name": "A", "psi": 0.3}, {"name": "B", "psi": 0.01}, {"name": "C", "psi": None}],
        "scores": 0.5,
    }
    found = _found(evaluation(drift=drift), "drift")
    assert [(each["subject"], each["outcome"]) for each in found] == [("A", "approval"), ("scores", "approval")]
    assert decide(evaluation(drift=drift), policy())["decision"] == "needs-approval"
    assert _outcomes(evaluation(), "drift") == ["pass"]
    assert _outcomes(evaluation(drift=None), "drift") == ["not-assessed"]


@pytest.mark.parametrize(
    ("value", "error", "outcome"),
    [(0.1, 0.02, "pass"), (0.01, 0.02, "undecided"), (0.0, 0.02, "fail"), (-0.1, 0.02, "fail")],
)
def test_baselines(value: float, error: float, outcome: str) -> None:
    for document in (evaluation(), without_champion()):
        kept = [each for each in document["comparisons"] if each["reference"] != "constant"]
        document["comparisons"] = [*kept, comparison("average_precision", value, error, "constant")]
        assert _outcomes(document, "baselines") == [outcome, "pass"]


def test_any_alarm_refuses() -> None:
    alarm = {
        "alarm": "leakage",
        "subject": "TX_FLAG",
        "value": 0.999,
        "limit": 0.99,
        "text": "AUC 0.999 by itself",
    }
    for document in (evaluation(alarms=[alarm]), without_champion(alarms=[alarm])):
        verdict = decide(document, policy())
        assert (verdict["decision"], verdict["reasons"]) == ("reject", ["leakage: AUC 0.999 by itself"])
    assert _outcomes(evaluation(), "alarms") == ["pass"]


def test_a_champion_that_cannot_be_scored_needs_a_person_s_word() -> None:
    document = without_champion(champion={"name": "fraud:3", "problem": "it wants the feature OLD"})
    verdict = decide(document, policy())
    assert (verdict["decision"], verdict["champion"]) == ("needs-approval", "fraud:3")
    assert verdict["reasons"] == ["fraud:3 could not be scored on these rows: it wants the feature OLD"]


@pytest.mark.parametrize(
    ("asked", "document", "decision"),
    [
        ([], evaluation(), "accept"),
        (["first-model"], evaluation(), "accept"),
        (["first-model"], without_champion(), "needs-approval"),
        (["every-model"], evaluation(), "needs-approval"),
    ],
)
def test_approvals(asked: list[str], document: dict[str, Any], decision: str) -> None:
    assert decide(document, policy(approvals=asked))["decision"] == decision


def _any(*pairs: tuple[str, float, float]) -> tuple[str, str]:
    document = _compared(*(comparison(*pair) for pair in pairs))
    settings = {"rule": "any", "any_of": [name for name, _, _ in pairs], "margin": 1.0}
    (found,) = _found(document, "gain", **settings)
    return found["outcome"], found["reason"]


def test_a_gain_in_any_of_several_is_corrected_by_holm() -> None:
    better = ("recall", 0.0100, 0.005)  # z = 2, p = 0.023: enough for one, 0.025 for two, too much for three
    assert _any(better)[0] == "pass"
    assert _any(better, ("average_precision", 0.0, 0.01))[0] == "pass"
    assert _any(better, ("average_precision", 0.0, 0.01), ("expected_cost", 0.0, 1.0))[0] == "undecided"
    # once one is shown, the next has fewer to share with
    outcome, reason = _any(("recall", 0.02, 0.005), ("expected_cost", -1.8, 1.0))
    assert (outcome, reason) == ("pass", "better than fraud:3 in recall, expected_cost")
    assert _any(("recall", -0.05, 0.005), ("expected_cost", 9.0, 1.0))[0] == "fail"
    assert _outcomes(evaluation(), "gain") == []


def test_without_spread_a_gain_is_one_and_none_is_none() -> None:
    assert _any(("recall", 0.01, 0.0))[0] == "pass"
    assert _any(("recall", 0.0, 0.0))[0] == "undecided"


def test_a_first_model_is_compared_with_nothing() -> None:
    verdict = decide(without_champion(), policy(guardrails={"recall": 0.02}, slices={"margin": 0.1}))
    assert {found["rule"] for found in verdict["rules"]} == {"floors", "baselines", "alarms", "latency", "size"}
    assert (verdict["decision"], verdict["champion"]) == ("accept", None)


def test_the_table_of_the_documentation_is_that_of_the_rules() -> None:
    written = (REPOSITORY / "docs" / "gate.md").read_text().splitlines()
    table = reference()
    begin = written.index(table[0])
    assert written[begin : begin + len(table)] == table, "python -m mlops.gate.rules prints it anew"
    assert written[begin + len(table)] == ""
    assert len({rule.name for rule in RULES}) == len(RULES)
