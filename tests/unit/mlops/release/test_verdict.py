"""The verdict on a phase: each outcome and its words, and the laws that no figures may break."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.config import Canary
from mlops.release.canary.agreement import Agreement
from mlops.release.canary.verdict import Verdict, fair_share, judge
from mlops.release.figures import Counts, Health
from tests.benchmarks.canary import CASES, HEALTHY, USUAL, Case, release, steady

POLICY = Canary()
RANK = {"stop": 0, "undecided": 1, "go": 2}
GOOD = Agreement(200, 200, 0.01, 0.05, 0.052)
CANDIDATE, CHAMPION = Counts(5000, 2, 10, 3.0, 40.0), Counts(45_000, 20, 90, 3.0, 41.0)


def _judged(**other: Any) -> Verdict:
    case: dict[str, Any] = {
        "candidate": CANDIDATE,
        "champion": CHAMPION,
        "share": 0.1,
        "agreement": GOOD,
        "health": HEALTHY,
    }
    return judge(POLICY, **{**case, **other})


@pytest.mark.parametrize(
    ("other", "decision", "words"),
    [
        (
            {},
            "go",
            "errors: 2 of 5,000 (0.04 %) requests failed, of the champion's 20 of 45,000 (0.04 %); at most",
        ),
        ({"agreement": None}, "go", "slow: 10 of 5,000 (0.20 %) requests were slower than 200 ms"),
        ({"candidate": Counts(5000, 250)}, "stop", "errors: 250 of 5,000 (5.0 %) requests failed"),
        ({"candidate": Counts(60, 6), "champion": Counts(540)}, "stop", "errors: 6 of 60 (10 %) requests failed"),
        (
            {"candidate": Counts(5000, 0, 200)},
            "stop",
            "slow: 200 of 5,000 (4.0 %) requests were slower than 200 ms",
        ),
        ({"candidate": Counts(900)}, "undecided", "requests: 900 of the 1,000 that a verdict needs"),
        ({"candidate": Counts(0)}, "undecided", "requests: 0 of the 1,000"),
        ({"candidate": Counts(0), "champion": Counts(0)}, "undecided", "nothing to compare with"),
        ({"champion": Counts(0)}, "undecided", "requests: the champion answered none"),
        (
            {"candidate": Counts(1500)},
            "undecided",
            "errors: 0 of 1,500 (0.00 %) requests failed, of the champion's",
        ),
        (
            {"candidate": Counts(5000, 2500), "champion": Counts(45_000, 22_500)},
            "undecided",
            "errors: of the champion's own requests 49 % or more fail: something else is broken",
        ),
        ({"health": Health(2, 1)}, "stop", "health: 1 of 2 instances are ready"),
        ({"health": Health(1, 1, 2)}, "stop", "health: an instance was started again, 2 times"),
        ({"health": Health(1, 1, 0, 0.95)}, "stop", "uses 95 % of its memory, the limit is 90 %"),
        ({"health": Health(0, 0)}, "undecided", "health: nothing is known of the instances"),
        ({"agreement": Agreement(200, 200, 0.03, 0.05, 0.05)}, "stop", "agreement: 3.0 % of the decisions on 200"),
        (
            {"agreement": Agreement(200, 200, 0, 0.05, 0.1)},
            "stop",
            "agreement: alerts go from 5.0 % to 10 % of the",
        ),
        ({"agreement": Agreement(200, 200, 0, 0.05, 0.03)}, "stop", "alerts go from 5.0 % to 3.0 %"),
        ({"agreement": Agreement(200, 200, 0, 0, 0.001)}, "stop", "alerts go from 0.00 % to 0.10 %"),
        (
            {"agreement": Agreement(200, 200, 0.03, 0.05, 0.08, 0.01, 0.01)},
            "go",
            "from 5.0 % to 8.0 % of the requests, 0.67 % apart at least",
        ),
        (
            {"agreement": Agreement(200, 200, 0.05, 0.05, 0.08, 0.01, 0.01)},
            "stop",
            "5.0 % of the decisions on 200 requests are others, 2.7 % at least; the limit",
        ),
        ({"agreement": Agreement(200, 200, 0, 0.05, 0.09, 0, 0.01)}, "stop", "from 5.0 % to 9.0 %"),
        ({"agreement": Agreement(200, 150)}, "undecided", "agreement: 150 of 200 requests were answered by both"),
        ({"agreement": Agreement(0, 0)}, "undecided", "agreement: 0 of 0 requests were answered by both"),
        ({"share": 1.0, "candidate": Counts(5000, 100)}, "stop", "before; that is worse by at least"),
        ({"share": 1.0}, "go", "errors: 2 of 5,000"),
        ({"share": 1.0, "candidate": Counts(5000, 15)}, "undecided", "errors: 15 of 5,000"),
    ],
)
def test_each_outcome_says_why(other: dict[str, Any], decision: str, words: str) -> None:
    found = _judged(**other)
    assert (found.decision, [words in reason for reason in found.reasons].count(True)) == (decision, 1), (
        found.reasons
    )
    json.dumps(found.document(), allow_nan=False)


def test_the_evidence_must_suffice_for_all_the_tests_of_a_release() -> None:
    """Three errors that are all the candidate's: 312 against 1. That is enough for one test, and not for eight."""
    three = _judged(candidate=Counts(2000, 3), champion=Counts(18_000))
    assert 1 / POLICY.alpha < three.figures["errors"]["evidence"] < three.figures["errors"]["stop_at"] == 800
    assert three.decision == "undecided"
    assert _judged(candidate=Counts(2000, 4), champion=Counts(18_000)).decision == "stop"


def test_as_many_requests_as_are_needed_are_enough() -> None:
    said = "that a verdict needs"
    needed = POLICY.minimum_requests
    assert any(said in reason for reason in _judged(candidate=Counts(needed - 1)).reasons)
    assert not any(said in reason for reason in _judged(candidate=Counts(needed)).reasons)


def test_a_split_that_is_not_as_asked_for_is_no_harm() -> None:
    """The candidate got 30 % instead of 10 % of the requests, and so 30 % of the errors that both have."""
    assert _judged(candidate=Counts(30_000, 300), champion=Counts(70_000, 700)).decision == "go"


def test_a_champion_that_fails_more_does_not_stop_its_successor() -> None:
    assert _judged(champion=replace(CHAMPION, errors=900)).decision == "go"


def test_of_mirrored_requests_both_give_an_answer() -> None:
    assert fair_share(10, mirrored=True) == pytest.approx(10 / 110)
    assert fair_share(10) == 0.1
    assert fair_share(100) == 1


COUNTS = st.builds(
    lambda requests, errors, slow: Counts(requests, min(errors, requests // 2), min(slow, requests // 2)),
    st.integers(0, 20_000),
    st.integers(0, 200),
    st.integers(0, 200),
)
SHARE = st.sampled_from([1 / 11, 0.1, 0.5, 1.0])
AGREEMENT = st.none() | st.builds(Agreement, st.just(200), st.integers(0, 200), *([st.floats(0, 0.1)] * 3))
HEALTH = st.builds(Health, st.just(2), st.integers(0, 2), st.integers(0, 1), st.none() | st.floats(0, 1))


@given(COUNTS, COUNTS, SHARE, AGREEMENT, HEALTH, st.integers(1, 200), st.sampled_from(["errors", "slow"]))
def test_a_candidate_that_fails_more_never_gets_a_better_verdict(
    candidate: Counts,
    champion: Counts,
    share: float,
    agreement: Agreement | None,
    health: Health,
    more: int,
    what: str,
) -> None:
    worse = replace(candidate, **{what: min(getattr(candidate, what) + more, candidate.requests // 2)})
    before = judge(POLICY, candidate, champion, share, agreement, health)
    after = judge(POLICY, worse, champion, share, agreement, health)
    assert RANK[after.decision] <= RANK[before.decision], (before.reasons, after.reasons)


@given(COUNTS, COUNTS, SHARE, AGREEMENT, HEALTH)
def test_what_goes_has_shown_it(
    candidate: Counts, champion: Counts, share: float, agreement: Agreement | None, health: Health
) -> None:
    found = judge(POLICY, candidate, champion, share, agreement, health)
    assert found.reasons
    if found.decision == "go":
        assert candidate.requests >= POLICY.minimum_requests
        assert champion.requests
        assert found.figures["errors"]["excess_upper"] < POLICY.error_margin
        assert found.figures["slow"]["excess_upper"] < POLICY.slow_margin
        assert health.ready == health.instances
        assert not health.restarts
        assert agreement is None or agreement.paired == agreement.asked


@given(COUNTS, COUNTS, SHARE, AGREEMENT)
def test_an_unhealthy_candidate_is_stopped_whatever_it_answers(
    candidate: Counts, champion: Counts, share: float, agreement: Agreement | None
) -> None:
    assert judge(POLICY, candidate, champion, share, agreement, Health(2, 2, 1)).decision == "stop"


COARSE = POLICY.model_copy(update={"look_seconds": 120.0})


def test_good_releases_are_promoted_and_bad_ones_never() -> None:
    """A small form of tests/benchmarks/canary.py, whose results are in docs/canary.md."""
    random = np.random.default_rng(7)
    good = [release(COARSE, CASES["equal, 0.05 % errors, 0.2 % slow"], 50, random).decision for _ in range(40)]
    assert good.count("go") == len(good)
    for case in (
        CASES["5 % errors"],
        CASES["p99 × 5: 5 % slow"],
        CASES["5 % errors from 20 min on, after half"],
        Case(USUAL, steady(0.01)),
    ):
        bad = [release(COARSE, case, 50, random).decision for _ in range(15)]
        assert bad.count("stop") == len(bad)


def test_without_a_request_nobody_is_promoted() -> None:
    found = release(COARSE, CASES["equal, no errors"], 0, np.random.default_rng(1))
    assert (found.decision, found.phase) == ("undecided", "mirror")
