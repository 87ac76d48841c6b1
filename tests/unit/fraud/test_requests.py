"""Probes of an endpoint's decisions: where an alert begins, and which rows stand for the others."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.evaluation.metrics import Rows, Scored
from fraud.evaluation.requests import STRATA, _evenly, threshold
from fraud.settings import Settings

from .conftest import read_json

SCORES = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40)


def scored(score: list[float], days: int) -> Scored:
    """A score a row, the rows dealt out to the days."""
    number = np.arange(len(score))
    rows = Rows.of(number % days, number, np.zeros(len(score), int), np.ones(len(score)))
    return Scored.of(rows, np.array(score, np.float32), Settings())


@given(SCORES, st.integers(1, 3), st.integers(1, 12))
def test_alerts_are_as_many_as_the_budget_allows_and_equal_scores_are_alike(
    score: list[float], days: int, alerts_per_day: int
) -> None:
    found = scored(score, days)
    above = threshold(found, alerts_per_day)
    budget = alerts_per_day * len(np.unique(found.rows.day))
    others = found.score[found.score <= above]
    if len(score) <= budget:
        assert above == 0
        return
    assert (found.score > above).sum() <= budget
    assert (found.score >= others.max()).sum() > budget, "the next ones would be too many"


@given(st.integers(0, 500), st.integers(1, 100))
def test_rows_are_drawn_evenly_and_stand_for_all(rows: int, most: int) -> None:
    drawn = _evenly(np.arange(rows), most)
    places = [place for place, _ in drawn]
    assert len(drawn) == min(rows, most)
    assert places == sorted(set(places))
    assert math.isclose(sum(weight for _, weight in drawn), rows)
    if rows > 1 and most > 1:
        assert (places[0], places[-1]) == (0, rows - 1)
        assert max(np.diff(places)) - min(np.diff(places)) <= 1


def test_probes_are_the_rows_of_the_test(evaluated: Path) -> None:
    document = read_json(evaluated / "evaluation" / "probes.json")
    rows = read_json(evaluated / "evaluation" / "evaluation.json")["data"]["rows"]
    days = Settings().test_days
    budget = read_json(evaluated / "settings.json").get("alerts_per_day", Settings().alerts_per_day) * days
    assert (document["schema"], document["decide"]["path"]) == ("probes/1", "scores")
    probes = document["probes"]
    assert len(probes) <= sum(most for _, most in STRATA)
    assert sum(probe["weight"] for probe in probes) == pytest.approx(rows)
    alerts = [probe for probe in probes if probe["answer"]["scores"][0] > document["decide"]["above"]]
    assert sum(probe["weight"] for probe in alerts) <= budget
    assert len(alerts) == min(STRATA[0][1], round(sum(probe["weight"] for probe in alerts)))
    example = read_json(evaluated / "evaluation" / "examples.json")["request"]["data"][0]
    assert all([row.keys() for row in probe["request"]["data"]] == [example.keys()] for probe in probes)
