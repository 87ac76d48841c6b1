"""The population stability index, by hand and by what it is for."""

from math import log

import numpy as np
import pytest

from fraud.errors import ModelError
from fraud.evaluation.drift import drift, psi
from fraud.profile import distribution


def test_psi_by_hand() -> None:
    """Two bins of 8 and 2 rows, half a row more in each; of five values two are in the first and one is null."""
    now, then = (2.5 / 5, 2.5 / 5), (8.5 / 11, 2.5 / 11)
    expected = sum((a - b) * log(a / b) for a, b in zip(now, then, strict=True))
    assert psi([1.0], [0.8, 0.2], 10, np.array([0.0, 1.0, 2.0, 3.0, np.nan])) == pytest.approx(expected)


def test_psi_is_small_for_the_same_and_large_for_another_unit() -> None:
    random = np.random.default_rng(0)
    then, now = random.gamma(2, 20, 60_000), random.gamma(2, 20, 60_000)
    profile = distribution(then)
    assert psi(profile["edges"], profile["shares"], len(then), then) == pytest.approx(0, abs=1e-9)
    assert psi(profile["edges"], profile["shares"], len(then), now) < 0.002
    assert psi(profile["edges"], profile["shares"], len(then), now * 100) > 5


def test_a_feature_without_a_value_is_told_by_its_nulls() -> None:
    profile = {
        "rows": 100,
        "features": {"amount": distribution(np.arange(100.0)), "gone": distribution(np.arange(100.0))},
        "scores": distribution(np.linspace(0, 1, 100)),
    }
    values = {"amount": np.array([0.0, 50.0]), "new": np.ones(2), "gone": np.array([np.nan, np.nan])}
    found = drift("training data of fraud:3", profile, values, np.array([0.2, 0.7]))
    assert found["reference"] == "training data of fraud:3"
    assert [each["name"] for each in found["features"]] == ["amount", "gone"]
    assert [(each["nulls"], each["zeros"]) for each in found["features"]] == [(0.0, 0.5), (1.0, 0.0)]
    assert found["features"][1]["psi"] == pytest.approx(0)


def test_what_is_no_profile_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"profile.json of fraud:3: not a profile of features and scores"):
        drift("fraud:3", {"rows": 3, "features": {}}, {"amount": np.ones(1)}, np.ones(1))
