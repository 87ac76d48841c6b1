"""How versions are compared: shares that add up, what speaks for which, and what two trainings may be called."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.errors import BadInput
from mlops.lineage.changes import changed_packages, data, environment, features, parameters
from mlops.lineage.compare import better
from mlops.lineage.shares import BASE, REST, shares, trials
from mlops.lineage.verdict import CLOSE, DIFFERENT, IDENTICAL, Made, judge

VALUES = st.floats(-1, 1)
NOTHING: dict[str, Any] = {"data": {}, "parameters": {}, "features": {}, "code": {}, "environment": {}}


def lineage(**changed: Any) -> dict[str, Any]:
    """A version's lineage, as far as a comparison of two reads it."""
    said = {"version": "1", "C": 1.0, "features": ["a", "b", "c"], "settings": {"days": 7}, **changed}
    return {
        "name": "fraud",
        "version": 1,
        "training": {
            "family": "linear",
            "seed": 0,
            "parameters": {"C": said["C"]},
            "features": said["features"],
            "features_sha256": said.get("features_sha256", "f0"),
            "machine": said.get("machine", {"threads": 1}),
            "versions": said.get("versions", {"numpy": "2.0"}),
        },
        "provenance": {
            "data": {"name": "landed", "version": said["version"], "content_sha256": said["version"], "rows": "9"},
            "asked": {"settings": said["settings"], "freshness": {"max_age_days": 3, "as_of": "2018-05-21"}},
        },
        "evaluation": {
            "selected": "linear",
            "candidates": [{"name": "linear", "metrics": said.get("metrics", {"ap": 0.5, "cost": 2.0})}],
        },
        "artifact": {"file": "model.onnx", "sha256": said.get("sha256", "m0")},
    }


@given(st.fixed_dictionaries(dict.fromkeys(("older", "newer", BASE, "data", "parameters", "features"), VALUES)))
def test_shares_add_up_to_the_difference(values: dict[str, float]) -> None:
    changed = {**NOTHING, "data": {"asset": []}, "code": {"commits": []}}
    found = shares(values, changed)
    assert [each["factor"] for each in found] == ["data", "parameters", "features", REST, "together"]
    assert sum(each["share"] for each in found) == pytest.approx(values["newer"] - values["older"])


@pytest.mark.parametrize(
    ("kind", "factor"), [("data", "data"), ("features", "features"), ("code", REST), ("environment", REST)]
)
def test_what_changed_alone_explains_everything_and_trains_nothing(kind: str, factor: str) -> None:
    changed = {**NOTHING, kind: {"it": "did"}}
    assert trials(lineage(), lineage(), changed) == {}
    assert shares({"older": 0.25, "newer": 0.75}, changed) == [{"factor": factor, "share": 0.5}]


def test_each_trial_is_the_older_version_with_one_thing_of_the_newer() -> None:
    older = lineage(features=["a", "b", "d"])
    newer = lineage(version="2", C=0.1, features=["a", "c"], settings={"days": 9, "without": "b"})
    changed = {
        **NOTHING,
        "data": {"x": 1},
        "parameters": {"C": [1, 0.1]},
        "features": {"added": ["c"]},
        "code": {"x": 1},
    }
    found = trials(older, newer, changed)
    assert list(found) == [BASE, "data", "parameters", "features"]
    said = {name: (each.data, each.parameters["C"], dict(each.settings)) for name, each in found.items()}
    # d is no feature of today's code, so it cannot be left out of anything
    assert said == {
        BASE: ("landed:1", 1.0, {"days": 7, "without": "c"}),
        "data": ("landed:2", 1.0, {"days": 7, "without": "c"}),
        "parameters": ("landed:1", 0.1, {"days": 9, "without": "c"}),
        "features": ("landed:1", 1.0, {"days": 7, "without": "b"}),
    }


def test_a_version_that_does_not_say_how_it_was_trained_cannot_be_explained() -> None:
    older = lineage()
    del older["training"]["parameters"]
    with pytest.raises(BadInput, match=r"fraud:1 does not say its parameters in training\.json") as refused:
        trials(older, lineage(), {**NOTHING, "data": {"x": 1}, "code": {"x": 1}})
    assert refused.value.hint == "mlops compare --no-shares"


@pytest.mark.parametrize(
    ("interval", "direction", "who"),
    [
        ([0.1, 0.2], "higher", "newer"),
        ([-0.2, -0.1], "higher", "older"),
        ([-0.1, 0.1], "higher", "undecided"),
        ([0.1, 0.2], "lower", "older"),
        ([-0.2, -0.1], "lower", "newer"),
        ([0.0, 0.1], "higher", "undecided"),
    ],
)
def test_a_difference_speaks_for_one_where_its_interval_leaves_zero_out(
    interval: list[float], direction: str, who: str
) -> None:
    assert better(interval, direction) == who


def test_changes_are_named_by_kind() -> None:
    older, newer = lineage(), lineage(version="2", C=0.1, features=["c", "d"], settings={"days": 7, "more": True})
    assert parameters(older, newer) == {"C": [1.0, 0.1], "more": [None, True]}
    assert features(older["training"], newer["training"]) == {"added": ["d"], "removed": ["a", "b"]}
    before, after = older["provenance"]["data"], newer["provenance"]["data"]
    before["files"] = [{"file": "a", "sha256": "0"}, {"file": "b", "sha256": "1"}]
    after["files"] = [{"file": "b", "sha256": "2"}, {"file": "c", "sha256": "3"}]
    found = data(before, after)
    assert (found["asset"], found["files_added"], found["files_removed"], found["files_changed"]) == (
        ["landed:1", "landed:2"],
        ["c"],
        ["a"],
        ["b"],
    )
    assert data(before, before) == {}


def test_locks_differ_by_their_packages() -> None:
    before, after = {"a": "1", "b": "1"}, {"b": "2", "c": "1"}
    assert changed_packages(before, after) == ["a 1 → -", "b 1 → 2", "c - → 1"]
    locks = [{"train": {"lock_sha256": str(n), "packages": each}} for n, each in enumerate((before, after))]
    assert environment(*locks) == {"train": ["a 1 → -", "b 1 → 2", "c - → 1"]}
    assert environment(locks[0], locks[0]) == {}


@pytest.mark.parametrize(
    ("again", "verdict", "first"),
    [
        ({}, IDENTICAL, None),
        ({"sha256": "m1"}, CLOSE, "train_linear"),
        ({"sha256": "m1", "metrics": {"ap": 0.500001, "cost": 2.0}}, CLOSE, "train_linear"),
        ({"sha256": "m1", "metrics": {"ap": 0.51, "cost": 2.0}}, DIFFERENT, "train_linear"),
        ({"sha256": "m1", "features_sha256": "f1"}, DIFFERENT, "prepare"),
    ],
)
def test_two_trainings_are_what_their_outputs_say(again: dict[str, Any], verdict: str, first: str | None) -> None:
    found = judge(Made.of(lineage()), Made.of(lineage(**again)))
    assert (found["verdict"], found["first"]) == (verdict, first)
    assert found["machine"] == {"known": True, "same": True, "differs": []}


def test_what_the_machines_allow_to_claim_is_said() -> None:
    other = lineage(machine={"threads": 2}, versions={"numpy": "2.1"})
    assert judge(Made.of(lineage()), Made.of(other))["machine"] == {
        "known": True,
        "same": False,
        "differs": ["numpy", "threads"],
    }
    packages = ["numpy 2.0 → 2.1", "skl2onnx 1.20 → 1.19"]
    assert judge(Made.of(lineage()), Made.of(lineage()), packages)["machine"]["differs"] == packages
    unknown = judge(Made.of(lineage(machine={})), Made.of(lineage(machine={})))
    assert unknown["machine"]["known"] is False
