"""Samplers: what they cover, how evenly, and that they choose the same again."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_local.jobs.sweep import parzen, sobol
from azureml_local.jobs.sweep.sampling import SAMPLERS, Sampler, Space, size
from azureml_local.jobs.sweep.space import Parameter, Values

UNIT = Parameter("uniform", (0, 1))
VALUES = st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True)
CHOICES = st.dictionaries(
    st.sampled_from("abc"), VALUES.map(lambda values: Parameter("choice", (values,))), min_size=1
)


def search(sampler: Sampler, trials: int, score: Callable[[Values], float] = lambda _: 0.0) -> list[Values]:
    """The points of so many trials, one after the other."""
    tried: list[Values] = []
    for number in range(trials):
        values = sampler.sample(number, tried, [(each, score(each)) for each in tried])
        if values is None:
            break
        tried.append(values)
    return tried


def product(space: Space) -> list[str]:
    rows = itertools.product(*(parameter.all() for parameter in space.values()))
    return sorted(json.dumps(dict(zip(space, row, strict=True))) for row in rows)


@given(CHOICES, st.sampled_from(sorted(SAMPLERS)), st.sampled_from(["random", "sobol"]))
def test_of_choices_each_combination_is_tried_once(space: Space, algorithm: str, rule: str) -> None:
    tried = search(SAMPLERS[algorithm](space, {"rule": rule, "seed": 1}, "own"), 30, lambda v: sum(v.values()))
    assert sorted(json.dumps(values) for values in tried) == product(space)
    assert len(tried) == size(space)


@given(st.sampled_from(["random", "bayesian"]), st.sampled_from(["random", "sobol"]), st.integers(0, 99))
def test_the_same_seed_and_scores_give_the_same_points(algorithm: str, rule: str, seed: int) -> None:
    space = {"x": UNIT, "q": Parameter("quniform", (0, 9, 2)), "c": Parameter("choice", (["a", "b"],))}

    def again(own: str) -> list[Values]:
        return search(SAMPLERS[algorithm](space, {"rule": rule, "seed": seed}, own), 9, lambda v: v["x"])

    assert again("one") == again("one")
    # a seed that was given counts; without one each sweep has its own
    assert (again("one") == again("two")) == (algorithm == "random")


@given(st.integers(0, 2**32), st.integers(1, sobol.DIMENSIONS), st.integers(0, 6))
def test_sobol_s_points_fill_every_axis_evenly(seed: int, dimensions: int, power: int) -> None:
    points = [sobol.point(number, dimensions, str(seed)) for number in range(2**power)]
    for axis in zip(*points, strict=True):
        assert sorted(int(place * 2**power) for place in axis) == list(range(2**power))


def test_sobol_s_points_fill_planes_evenly() -> None:
    """Each cell of a 4 × 4 grid holds as many of the first 64 points: the first two axes are a (0, m, 2)-net."""
    points = [sobol.point(number, 2, "any") for number in range(64)]
    cells = [(int(x * 4), int(y * 4)) for x, y in points]
    assert {cells.count(cell) for cell in itertools.product(range(4), repeat=2)} == {4}


def discrepancy(points: list[list[float]]) -> float:
    """The largest difference between how much of the plane a box from 0 has, and how many of the points."""
    corners = itertools.product([x for x, _ in points], [y for _, y in points])
    inside = ((x * y, sum(a < x and b < y for a, b in points) / len(points)) for x, y in corners)
    return max(abs(area - share) for area, share in inside)


def test_sobol_s_points_are_more_even_than_chance() -> None:
    for seed in range(5):
        draws = random.Random(seed)
        chance = [[draws.random(), draws.random()] for _ in range(32)]
        assert discrepancy([sobol.point(n, 2, str(seed)) for n in range(32)]) < discrepancy(chance)


BOWL = {"x": UNIT, "y": UNIT}
MIXED = {"x": UNIT, "kind": Parameter("choice", (["a", "b", "c", "d"],))}
PLACES = {"a": 0.5, "b": 0.2, "c": 0.0, "d": 0.3}


@pytest.mark.parametrize(
    ("space", "score"),
    [
        (BOWL, lambda values: -((values["x"] - 0.3) ** 2) - (values["y"] - 0.7) ** 2),
        (MIXED, lambda values: -((values["x"] - 0.62) ** 2) - PLACES[values["kind"]]),
    ],
    ids=["bowl", "mixed"],
)
def test_bayesian_sampling_beats_chance_on_average(space: Space, score: Callable[[Values], float]) -> None:
    def best(algorithm: str) -> float:
        tries = (search(SAMPLERS[algorithm](space, {}, str(seed)), 20, score) for seed in range(20))
        return fmean(max(score(values) for values in tried) for tried in tries)

    # the best possible score is 0: less than two thirds of the way that chance leaves
    assert best("bayesian") > best("random") * 2 / 3


@given(
    st.lists(st.floats(0, 1, exclude_max=True), max_size=6), st.integers(0, 5), st.randoms(use_true_random=False)
)
def test_a_density_is_one_and_draws_within_its_axis(places: list[float], categories: int, draws: Any) -> None:
    density = parzen.Density(parzen.Axis(categories), places)
    cells = 2000 if categories == 0 else categories
    heights = [density.at((number + 0.5) / cells) for number in range(cells)]
    assert sum(heights) / (1 if categories else cells) == pytest.approx(1, abs=0.02)
    assert 0 <= density.draw(draws) < 1


@pytest.mark.parametrize(
    ("algorithm", "space", "options", "said"),
    [
        ("grid", {"x": UNIT}, {}, "grid sampling takes choices only; x is none"),
        ("bayesian", {"n": Parameter("normal", (0, 1))}, {}, "choice, uniform, quniform; n is none of them"),
        ("random", {"x": UNIT}, {"rule": "even"}, "random or sobol, not even"),
        ("random", {"x": UNIT}, {"logbase": 1}, "a number above zero"),
        ("random", {f"x{n}": UNIT for n in range(22)}, {"rule": "sobol"}, "at most 21 hyperparameters"),
    ],
)
def test_what_a_sampler_cannot_search_is_refused(algorithm: str, space: Space, options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SAMPLERS[algorithm](space, options, "")


def test_the_base_of_logarithms_can_be_chosen() -> None:
    space = {"rate": Parameter("loguniform", (-3, -1))}
    for base, low, high in (("e", 0.049, 0.37), (None, 0.049, 0.37), ("10", 0.00099, 0.101), (2, 0.124, 0.501)):
        drawn = [
            values["rate"] for values in search(SAMPLERS["random"](space, {"logbase": base, "seed": 3}, ""), 50)
        ]
        assert low < min(drawn) < max(drawn) < high
        assert max(drawn) / min(drawn) > 2
