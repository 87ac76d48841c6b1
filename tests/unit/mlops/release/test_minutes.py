"""Counts from minutes: what percentiles prove, and nothing more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.release.figures import Counts
from mlops.release.minutes import PERCENTILES, added, counts

BEGAN = datetime(2026, 11, 24, 10, tzinfo=UTC)
MINUTES = st.lists(st.lists(st.floats(1, 100), max_size=60), max_size=5)
untimed = settings(deadline=None)


def at(values: list[float]) -> dict[datetime, float]:
    return {BEGAN + timedelta(minutes=number): value for number, value in enumerate(values)}


@untimed
@given(MINUTES, st.floats(1, 100))
def test_no_more_are_called_slow_than_were(minutes: list[list[float]], objective: float) -> None:
    told = [each for each in minutes if each]
    latencies = {
        percentage: at([float(np.percentile(each, percentage, method="nearest")) for each in told])
        for percentage in PERCENTILES
    }
    found = counts(at([len(each) for each in told]), {}, latencies, objective)
    slow = [sum(ms > objective for ms in each) for each in told]
    assert found.requests == sum(map(len, told))
    assert 0 <= found.slow <= sum(slow)
    # five in a hundred slow ones are seen by the P95, and of those one at least by the P99
    seen = sum(number * 20 >= len(each) + 20 for number, each in zip(slow, told, strict=True))
    assert found.slow >= seen


def test_half_are_slow_where_the_median_is_and_errors_are_not_counted_twice() -> None:
    over = {percentage: at([300.0]) for percentage in PERCENTILES}
    assert counts(at([200]), {}, over, 250).slow == 100
    assert counts(at([200]), at([30]), over, 250) == Counts(200, 30, 70, 300.0, 300.0)
    assert counts(at([200]), at([150]), over, 250).slow == 0
    assert counts(at([200]), {}, {50: at([20.0]), 90: at([260.0])}, 250).slow == 20


def test_percentiles_of_minutes_are_averaged_by_their_requests() -> None:
    found = counts(at([10, 30]), {}, {50: at([20.0, 40.0]), 99: at([100.0, 200.0])}, 1000)
    assert (found.p50_ms, found.p99_ms) == (35.0, 175.0)
    assert counts({}, {}, {}, 1) == Counts(0)


def test_series_are_added_by_the_minute() -> None:
    assert added([at([1, 2]), at([3])]) == at([4, 2])
    assert added([]) == {}


@pytest.mark.parametrize("percentage", PERCENTILES)
def test_one_request_that_is_late_is_one(percentage: int) -> None:
    assert counts(at([1]), {}, {percentage: at([300.0])}, 250).slow == 1
