"""What holds of every verdict, whatever the numbers are."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlops.gate.decide import decide, lets_pass
from tests.unit.mlops.evidence import METRICS, comparison, evaluation, policy, slice_of

RANK = {"reject": 0, "undecided": 1, "needs-approval": 2, "accept": 3}
SHARE = st.floats(0, 1)
DIFFERENCE = st.floats(-0.2, 0.2)
ERROR = st.floats(0, 0.05)
RULES = st.sampled_from(["non-inferiority", "superiority", "any"])
SETTINGS: dict[str, Any] = {
    "guardrails": {"recall": 0.02, "expected_cost": 2.0},
    "slices": {"margin": 0.1, "not_assessed": "undecided"},
    "any_of": ["average_precision", "expected_cost"],
}
CASE = st.fixed_dictionaries(
    {
        "value": SHARE,
        "primary": st.tuples(DIFFERENCE, ERROR),
        "cost": st.tuples(st.floats(-10, 10), st.floats(0, 3)),
        "slice": st.tuples(DIFFERENCE, ERROR),
        "baseline": st.tuples(DIFFERENCE, ERROR),
        "psi": st.floats(0, 1),
        "latency": st.floats(0, 100),
        "events": st.integers(0, 60),
    }
)


def _evaluation(case: dict[str, Any], better: float = 0.0) -> dict[str, Any]:
    """The evaluation of a case, or of a candidate that is better in everything by so much."""
    document = evaluation(
        curves=[],
        gaps=[],
        slices=[slice_of("0 to 20", case["slice"][0] + better, case["slice"][1])],
        baselines=[{"name": "constant", "values": {}}],
        operations={"latency_ms": {"candidate": max(0.0, case["latency"] - better), "champion": 1.0}},
        drift={"reference": "training data", "features": [{"name": "A", "psi": case["psi"]}]},
        comparisons=[
            comparison("average_precision", case["primary"][0] + better, case["primary"][1]),
            comparison("recall", 0.01 + better, 0.001),
            comparison("brier", 0.0001 - better, 0.0001),
            comparison("expected_cost", case["cost"][0] - better, case["cost"][1]),
            comparison("average_precision", case["baseline"][0] + better, case["baseline"][1], "constant"),
        ],
    )
    document["candidate"]["values"]["average_precision"] = case["value"] + better
    document["data"]["events"] = case["events"]
    return document


@given(CASE, st.floats(0, 0.5), RULES)
def test_a_better_candidate_never_gets_a_worse_verdict(case: dict[str, Any], better: float, rule: str) -> None:
    settings = policy(rule=rule, **SETTINGS)
    before, after = (decide(_evaluation(case, gain), settings)["decision"] for gain in (0.0, better))
    assert RANK[after] >= RANK[before]


@given(CASE, RULES)
def test_the_gravest_outcome_decides_and_the_reasons_are_its_own(case: dict[str, Any], rule: str) -> None:
    verdict = decide(_evaluation(case), policy(rule=rule, **SETTINGS))
    outcomes = {found["outcome"] for found in verdict["rules"]}
    expected, gravest = next(
        (
            (decision, outcome)
            for outcome, decision in (
                ("fail", "reject"),
                ("undecided", "undecided"),
                ("approval", "needs-approval"),
            )
            if outcome in outcomes
        ),
        ("accept", ""),
    )
    assert verdict["decision"] == expected
    assert verdict["reasons"] == [each["reason"] for each in verdict["rules"] if each["outcome"] == gravest]
    assert lets_pass(verdict) is (expected == "accept")


@given(CASE, RULES)
def test_a_dry_run_judges_the_same_and_holds_nothing_back(case: dict[str, Any], rule: str) -> None:
    document = _evaluation(case)
    enforced, dry = (decide(document, policy(mode=mode, rule=rule, **SETTINGS)) for mode in ("enforce", "dry_run"))
    assert {**enforced, "mode": "", "policy": {}} == {**dry, "mode": "", "policy": {}}
    assert lets_pass(dry)


def _negated(document: dict[str, Any]) -> dict[str, Any]:
    """The same evaluation of the negative of each metric, which is better in the other direction."""

    def of(values: dict[str, float]) -> dict[str, float]:
        return {name: -value for name, value in values.items()}

    def compared(found: dict[str, Any]) -> dict[str, Any]:
        ends = {level: [-high, -low] for level, (low, high) in found["intervals"].items()}
        return {**found, "value": -found["value"], "intervals": ends}

    other = {"higher": "lower", "lower": "higher"}
    return {
        **document,
        "metrics": {name: {**known, "direction": other[known["direction"]]} for name, known in METRICS.items()},
        "candidate": {"name": "boosting", "values": of(document["candidate"]["values"])},
        "champion": {"name": "fraud:3", "values": of(document["champion"]["values"])},
        "comparisons": [compared(found) for found in document["comparisons"]],
        "slices": [
            {**part, "comparison": compared(part["comparison"]) if part["comparison"] else None}
            for part in document["slices"]
        ],
    }


@given(CASE, RULES)
def test_a_metric_and_its_negative_are_judged_alike(case: dict[str, Any], rule: str) -> None:
    document = _evaluation(case)
    settings = {"rule": rule, **SETTINGS, "calibration": {"brier": "10%"}, "margin": "3%"}
    one = decide(document, policy(floors={"average_precision": 0.6}, **settings))
    other = decide(_negated(document), policy(floors={"average_precision": -0.6}, **settings))
    judged = [
        [(found["rule"], found["subject"], found["outcome"]) for found in each["rules"]] for each in (one, other)
    ]
    assert judged[0] == judged[1]
    assert one["decision"] == other["decision"]


@given(CASE, st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_wider_margin_never_refuses_what_a_narrower_one_lets_pass(
    case: dict[str, Any], one: float, other: float
) -> None:
    narrow, wide = sorted((one, other))
    document = _evaluation(case)
    decisions = [decide(document, policy(margin=margin))["decision"] for margin in (narrow, wide)]
    assert RANK[decisions[1]] >= RANK[decisions[0]]
