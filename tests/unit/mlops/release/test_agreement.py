"""Paired decisions of two versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.errors import ServiceFailed
from mlops.release.asking import Answer
from mlops.release.canary.agreement import Agreement, measured, paired

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 50)), min_size=1, max_size=30)


class Above:
    """Alerts are scores above a half."""

    def of(self, answer: Any) -> Sequence[bool]:
        if answer["scores"] is None:
            raise ServiceFailed("the answer has no numbers at scores")
        return [score > 0.5 for score in answer["scores"]]


def _pairs(scores: list[tuple[float, float, float]]) -> list[tuple[list[bool], list[bool], float]]:
    return [([old > 0.5], [new > 0.5], weight) for old, new, weight in scores]


def test_a_probe_stands_for_as_many_rows_as_it_weighs() -> None:
    found = paired(_pairs([(0.9, 0.9, 1), (0.9, 0.1, 1), (0.1, 0.2, 8)]), 3)
    assert found == Agreement(3, 3, 0.1, 0.2, 0.1, 0.1, 0.1, effective=100 / 66)
    assert found.surely_changed < 0.02  # by one request: it may be the only one
    assert found.surely_moved == 0
    assert found.volume == -0.5


def test_rows_of_one_request_share_its_weight() -> None:
    found = paired([([True, False], [True, True], 2.0)], 1)
    assert found == Agreement(1, 1, 0.5, 0.5, 1.0, 0.5, 0.5, effective=1.0)


def test_many_requests_show_what_one_cannot() -> None:
    pairs = [(0.9, 0.1, 1.0)] * 30 + [(0.1, 0.1, 31.0)] * 30
    found = paired(_pairs(pairs), 60)
    assert found.changed == found.alerts_before == pytest.approx(30 / 960)
    assert found.surely_changed == found.surely_moved == pytest.approx((30 - 2.326 * 30**0.5) / 960)


def test_two_requests_that_both_changed_show_much() -> None:
    found = paired(_pairs([(0.9, 0.1, 1.0), (0.1, 0.9, 1.0)]), 2)
    assert found.changed == 1
    assert found.surely_changed == pytest.approx(1 / (1 + 2.326**2 / 2))


@pytest.mark.parametrize(("before", "after", "volume"), [(0, 0, 0.0), (0, 0.1, None), (0.1, 0.3, 2.0)])
def test_the_volume_where_there_was_none_before(before: float, after: float, volume: float | None) -> None:
    found = Agreement(1, 1, 0, before, after)
    assert found.volume == (None if volume is None else pytest.approx(volume))
    assert json.dumps(found.document(), allow_nan=False)


@given(SCORES)
def test_volumes_differ_by_no_more_than_what_changed(scores: list[tuple[float, float, float]]) -> None:
    found = paired(_pairs(scores), len(scores))
    assert abs(found.alerts_after - found.alerts_before) <= found.changed + 1e-9
    assert 0 <= found.changed <= 1 + 1e-9
    same = paired(_pairs([(old, old, weight) for old, _, weight in scores]), len(scores))
    assert (same.changed, same.volume) == (0, 0)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (424, "no"),
        (200, "no JSON"),
        (200, '{"scores": []}'),
        (200, '{"scores": [1, 1]}'),
        (200, '{"scores": null}'),
    ],
)
def test_both_are_asked_by_name_and_what_either_does_not_decide_is_no_pair(status: int, body: str) -> None:
    asked = []

    def ask(sent: bytes, deployment: str | None = None) -> Answer:
        asked.append((json.loads(sent), deployment))
        fails = asked[-1] == (2, "green")
        return Answer(status, body=body.encode()) if fails else Answer(200, body=b'{"scores": [0.7]}')

    found = measured(ask, [(1, None, 1.0), (2, None, 1.0)], Above(), "blue", "green")
    assert asked == [(1, "blue"), (1, "green"), (2, "blue"), (2, "green")]
    assert (found.asked, found.paired, found.alerts_after) == (2, 1, 1.0)
