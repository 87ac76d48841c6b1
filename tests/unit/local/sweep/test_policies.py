"""The laws of early termination."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_local.jobs.sweep import policies

NUMBERS = st.integers(-100, 100).map(lambda number: number / 10)
HISTORIES = st.lists(st.lists(NUMBERS, min_size=1, max_size=5), min_size=1, max_size=7).map(
    lambda rows: {f"t{number}": row for number, row in enumerate(rows)}
)
SCHEDULE = st.fixed_dictionaries({"evaluation_interval": st.integers(1, 3), "delay_evaluation": st.integers(0, 4)})
KINDS = st.one_of(
    st.builds(lambda s: {"policy_type": "Bandit", "slack_factor": s}, st.floats(0.001, 2)),
    st.builds(lambda s: {"policy_type": "Bandit", "slack_amount": s}, st.floats(0.001, 5)),
    st.just({"policy_type": "MedianStopping"}),
    st.builds(lambda p: {"type": "truncation_selection", "truncation_percentage": p}, st.integers(1, 99)),
)


def policy(minimized: bool = False, **values: Any) -> policies.Policy:
    found = policies.read(values, minimized)
    assert found is not None
    return found


@given(KINDS, SCHEDULE, HISTORIES, st.booleans())
def test_no_policy_stops_the_best(kind: Any, schedule: Any, history: Any, minimized: bool) -> None:
    """One that was the best at every interval, of equals the oldest, is never stopped."""
    asked = policy(minimized, **kind, **schedule)
    names = list(history)
    for name, row in history.items():
        # `max` takes the first of equals
        firsts = (max(names, key=lambda each: max(history[each][: n + 1])) for n in range(len(row)))
        if all(first == name for first in firsts):
            assert not asked.stops(name, history)


@given(KINDS, SCHEDULE, HISTORIES)
def test_nothing_is_stopped_before_its_time(kind: Any, schedule: Any, history: Any) -> None:
    asked = policy(**kind, **schedule)
    for name, row in history.items():
        due = [n for n in range(1, len(row) + 1) if n >= asked.delay and n % asked.interval == 0]
        assert due or not asked.stops(name, history)


@given(KINDS, SCHEDULE, HISTORIES)
def test_a_trial_is_judged_for_each_interval_once(kind: Any, schedule: Any, history: Any) -> None:
    """Whether it is looked at after each value or after several at once, the judgement is the same."""
    asked = policy(**kind, **schedule)
    for name, row in history.items():
        one_by_one = any(
            asked.stops(name, {**history, name: row[: seen + 1]}, since=seen) for seen in range(len(row))
        )
        assert one_by_one == asked.stops(name, history)


@given(st.floats(0.01, 2), st.floats(0.01, 2), HISTORIES)
def test_more_slack_stops_no_more(one: float, other: float, history: Any) -> None:
    small, large = (policy(policy_type="Bandit", slack_factor=each) for each in sorted((one, other)))
    assert {n for n in history if large.stops(n, history)} <= {n for n in history if small.stops(n, history)}


@given(st.integers(1, 99), HISTORIES)
def test_truncation_stops_no_more_than_its_share(percentage: int, history: Any) -> None:
    asked = policy(policy_type="TruncationSelection", truncation_percentage=percentage)
    once = {name: row[:1] for name, row in history.items()}
    stopped = [name for name in once if asked.stops(name, once)]
    assert len(stopped) == len(once) * percentage // 100


@given(HISTORIES)
def test_the_median_stops_at_most_half(history: Any) -> None:
    once = {name: row[:1] for name, row in history.items()}
    stopped = [name for name in once if policy(policy_type="MedianStopping").stops(name, once)]
    assert len(stopped) <= len(once) / 2


def test_the_examples_of_the_documentation() -> None:
    """A best value of 0.8 and a slack factor of 0.2: what is below 0.66 is stopped."""
    bandit = policy(policy_type="Bandit", slack_factor=0.2)
    history = {"best": [0.8], "near": [0.67], "far": [0.66]}
    assert [name for name in history if bandit.stops(name, history)] == ["far"]
    # minimized, so negated: 0.5 × 1.2 is the most
    least = policy(minimized=True, policy_type="Bandit", slack_factor=0.2)
    history = {"best": [-0.5], "near": [-0.6], "far": [-0.61]}
    assert [name for name in history if least.stops(name, history)] == ["far"]
    truncation = policy(policy_type="TruncationSelection", truncation_percentage=20, evaluation_interval=5)
    history = {f"t{n}": [0.0] * 4 + [float(n)] for n in range(10)}
    assert [name for name in history if truncation.stops(name, history)] == ["t0", "t1"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"policy_type": "Bandit"}, "either slack_factor or slack_amount"),
        ({"policy_type": "Bandit", "slack_factor": 0.1, "slack_amount": 1}, "either slack_factor or slack_amount"),
        ({"policy_type": "Bandit", "slack_factor": -0.1}, "not below zero"),
        ({"policy_type": "TruncationSelection"}, "from 1 to 99"),
        ({"policy_type": "TruncationSelection", "truncation_percentage": 100}, "from 1 to 99"),
        ({"policy_type": "Hope"}, "'hope' is no early termination policy"),
        ({"policy_type": "MedianStopping", "delay_evaluation": -1}, "at least 0"),
    ],
)
def test_what_is_no_policy_is_refused(values: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        policies.read(values, minimized=False)


def test_no_policy_is_none() -> None:
    assert policies.read({}, minimized=False) is None
