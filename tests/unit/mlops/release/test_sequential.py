"""The law of the counts' test, exactly: by enumeration of what can happen, not by trying."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.release.canary.sequential import evidence, excess_bounds, excess_upper, rate_bounds
from tests.benchmarks.canary import ever

SHARES = [1 / 11, 0.1, 0.5, 0.9]
COUNTS = st.integers(0, 300).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("total", [0, 1, 2, 5, 20, 100])
def test_its_expectation_under_no_difference_is_at_most_one(share: float, total: int) -> None:
    expected = sum(
        math.comb(total, count) * share**count * (1 - share) ** (total - count) * evidence(count, total, share)
        for count in range(total + 1)
    )
    assert 0 < expected <= 1 + 1e-9


@pytest.mark.parametrize(("candidate", "all_requests"), [(1, 11), (10, 100), (50, 100), (90, 100)])
@pytest.mark.parametrize("errors", [1, 3, 10])
def test_nor_is_it_more_where_the_share_is_that_of_the_requests_that_came(
    candidate: int, all_requests: int, errors: int
) -> None:
    """Of all requests any could have failed: how many of the candidate's did is hypergeometric."""
    ways = math.comb(all_requests, errors)
    expected = sum(
        math.comb(candidate, count)
        * math.comb(all_requests - candidate, errors - count)
        / ways
        * evidence(count, errors, candidate / all_requests)
        for count in range(min(errors, candidate) + 1)
    )
    assert 0 < expected <= 1 + 1e-9


@given(COUNTS, st.sampled_from(SHARES))
def test_the_next_error_is_expected_to_change_nothing(counts: tuple[int, int], share: float) -> None:
    candidate, total = counts
    following = share * evidence(candidate + 1, total + 1, share) + (1 - share) * evidence(
        candidate, total + 1, share
    )
    now = evidence(candidate, total, share)
    if candidate > share * (total + 1):
        assert following == pytest.approx(now, rel=1e-9)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_looked_at_after_each_error_it_alarms_falsely_no_more_often_than_its_level(
    share: float, level: float
) -> None:
    found = ever(lambda count, total: evidence(count, total, share) >= 1 / level, share, 150)
    assert level / 100 < found <= level, "and it is not asleep either"


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5])
def test_an_interval_misses_the_rate_no_more_often_than_its_level_over_all_looks(rate: float) -> None:
    level = 0.05
    bounds = {(k, n): rate_bounds(k, n, level) for n in range(1, 61) for k in range(n + 1)}
    missed = ever(lambda k, n: not bounds[k, n][0] <= rate <= bounds[k, n][1], rate, 60)
    assert missed <= level


def test_what_it_says_in_known_cases() -> None:
    assert evidence(0, 0, 0.1) == 1
    assert evidence(1, 1, 0.1) == pytest.approx(5), "the mixture gives a half to the first error"
    assert evidence(2, 2, 0.1) == pytest.approx(3 / 8 / 0.01)
    assert evidence(0, 50, 0.5) == 1, "fewer than its share says nothing against it"
    assert evidence(10**6, 10**6, 0.1) < math.inf
    assert rate_bounds(0, 0, 0.05) == (0, 1)
    low, high = rate_bounds(0, 1000, 0.05)
    assert low == 0
    mixture = math.prod((each + 0.5) / (each + 1) for each in range(1000))
    assert (1 - high) ** 1000 == pytest.approx(0.05 * mixture, rel=1e-3)


def test_both_bounds_of_an_excess_hold_together() -> None:
    (low, high), (other_low, other_high) = rate_bounds(20, 1000, 0.005), rate_bounds(30, 9000, 0.005)
    assert excess_bounds((20, 1000), (30, 9000), 0.01) == (low - other_high, high - other_low)
    assert excess_upper((20, 1000), (30, 9000), 0.01) == high - other_low


@pytest.mark.parametrize("call", [lambda: evidence(3, 2, 0.1), lambda: evidence(1, 2, 0.0)])
def test_what_is_no_count_and_no_share_is_refused(call: Callable[[], float]) -> None:
    with pytest.raises(ValueError, match=r"is no count|must be between 0 and 1"):
        call()


@given(COUNTS, COUNTS, st.sampled_from([0.05, 0.01]))
def test_the_excess_rises_with_the_candidate_s_events_and_falls_with_the_champion_s(
    candidate: tuple[int, int], champion: tuple[int, int], level: float
) -> None:
    upper = excess_upper(candidate, champion, level)
    assert -1 <= upper <= 1
    if candidate[0] < candidate[1]:
        assert excess_upper((candidate[0] + 1, candidate[1]), champion, level) >= upper - 1e-9
    if champion[0] < champion[1]:
        assert excess_upper(candidate, (champion[0] + 1, champion[1]), level) <= upper + 1e-9
    if candidate[1] and champion[1]:
        assert upper >= candidate[0] / candidate[1] - champion[0] / champion[1] - 1e-9
