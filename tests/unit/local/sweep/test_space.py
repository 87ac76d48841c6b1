"""Distributions: where their values lie, and what is refused."""

from __future__ import annotations

import math
import re
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_local.jobs.sweep.space import ARGUMENTS, Parameter, read, text

SHARES = st.floats(0, 1, exclude_max=True)
NUMBERS = st.floats(-50, 50).map(lambda number: round(number, 3))
STEPS = st.sampled_from([0.1, 0.25, 1, 2, 7])


@st.composite
def ranges(draw: Any) -> tuple[float, float]:
    low = draw(NUMBERS)
    return low, low + draw(st.floats(0.001, 40))


@given(ranges(), SHARES)
def test_a_uniform_value_lies_between_its_bounds(bounds: tuple[float, float], share: float) -> None:
    low, high = bounds
    assert low <= Parameter("uniform", bounds).at(share) <= high
    assert math.exp(low) * 0.999999 <= Parameter("loguniform", bounds).at(share) <= math.exp(high) * 1.000001
    assert 10**low * 0.999999 <= Parameter("loguniform", bounds).at(share, 10) <= 10**high * 1.000001


@given(st.sampled_from(["quniform", "qloguniform", "qnormal", "qlognormal"]), ranges(), STEPS, SHARES)
def test_a_quantised_value_is_the_nearest_multiple(kind: str, bounds: Any, step: float, share: float) -> None:
    first, second = (bound / 10 for bound in bounds)
    arguments = (first, second) if "uniform" in kind else (first, second - first)
    exact, value = Parameter(kind[1:], arguments).at(share), Parameter(kind, (*arguments, step)).at(share)
    assert value / step == pytest.approx(round(value / step), abs=1e-6)
    assert abs(value - exact) <= step / 2 * 1.000001


@given(NUMBERS, st.floats(0.01, 10), st.floats(0.001, 0.999))
def test_a_normal_value_is_the_quantile(mu: float, sigma: float, share: float) -> None:
    value = Parameter("normal", (mu, sigma)).at(share)
    assert NormalDist(mu, sigma).cdf(value) == pytest.approx(share, abs=1e-6)
    assert Parameter("lognormal", (mu, sigma)).at(share) == pytest.approx(math.exp(value))


@given(st.integers(1, 40), SHARES)
def test_a_whole_number_is_below_its_bound(upper: int, share: float) -> None:
    assert Parameter("randint", (upper,)).at(share) in range(upper)


@given(st.lists(st.integers(), min_size=1, max_size=6), SHARES)
def test_a_choice_is_one_of_its_values(values: list[Any], share: float) -> None:
    assert Parameter("choice", (values,)).at(share) in values
    assert Parameter("choice", (values,)).all() == values


@given(st.sampled_from(sorted(set(ARGUMENTS) - {"choice"})), SHARES, SHARES)
def test_more_of_the_share_is_no_less_of_the_value(kind: str, one: float, other: float) -> None:
    arguments = {"randint": (9,)}.get(kind, (1, 3, 0.5)[: len(ARGUMENTS[kind])])
    parameter = Parameter(kind, arguments)
    assert parameter.at(min(one, other)) <= parameter.at(max(one, other))


@given(st.sampled_from(sorted(set(ARGUMENTS) - {"choice", "randint"})))
def test_both_forms_of_the_wire_are_read(kind: str) -> None:
    arguments = [1, 3, 0.5][: len(ARGUMENTS[kind])]
    named = {"type": kind, **dict(zip(ARGUMENTS[kind], arguments, strict=True))}
    assert read([kind, arguments]) == read(named) == Parameter(kind, tuple(arguments))


NESTED = {"model": "tree", "depth": ["choice", [[2, 4]]], "rate": {"type": "choice", "values": [0.1, 0.2]}}


def test_a_nested_space_is_drawn_with_its_choice() -> None:
    parameter = Parameter("choice", ([NESTED, "none"],))
    assert parameter.discrete
    assert parameter.all() == [
        *({"model": "tree", "depth": d, "rate": r} for d in (2, 4) for r in (0.1, 0.2)),
        "none",
    ]
    assert parameter.at(0.3) in parameter.all()[:4]
    assert parameter.at(0.3) == parameter.at(0.3)
    assert not Parameter("choice", ([{"rate": ["uniform", [0, 1]]}],)).discrete


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (["even", [0, 1]], "'even' is no distribution; there are: choice"),
        ({"type": "uniform", "min_value": 0}, "uniform takes min_value, max_value"),
        (["uniform", [1, 1]], "min_value is below max_value"),
        (["uniform", ["a", 1]], "takes numbers"),
        (["quniform", [0, 1, 0]], "above zero"),
        (["normal", [0, -1]], "above zero"),
        (["randint", [0]], "above zero"),
        (["choice", [[]]], "not empty"),
        (["choice", [3]], "not empty"),
        ("uniform", '"uniform" is no distribution'),
    ],
)
def test_what_is_no_distribution_is_refused(expression: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read(expression)


def test_values_become_text() -> None:
    assert [text(each) for each in ("a b", 3, 0.5, {"depth": 2})] == ["a b", "3", "0.5", '{"depth": 2}']
