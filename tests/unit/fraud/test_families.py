"""The families: parameters, exact exports, and probabilities that a sample of the genuine rows leaves right."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.errors import ExportError, FamilyError
from fraud.training.export import prove_equal
from fraud.training.families import FAMILIES, checked_seed, family_of
from fraud.training.imbalance import FEW, corrected, sample, share_of
from fraud.training.parameters import Parameter, values_of
from tests.emulator import REPOSITORY

from .conftest import Step

ENVIRONMENTS = sorted({family.environment for family in FAMILIES.values()})
SCRIPT = Path(__file__).with_name("families.py")
PARAMETERS = (Parameter("rate", 0.1, 0.0, 1.0), Parameter("trees", 100, 1, 500))


def test_every_family_is_exported_exactly_and_its_probabilities_are_right(step: Step) -> None:
    """Trained on a tenth of the genuine rows; also on rows that thresholds tell apart by the last bit only."""
    run = step(SCRIPT, "train")
    assert (run.returncode, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    assert list(found) == [name for name, family in FAMILIES.items() if family.environment == "train"]
    for name, result in found.items():
        assert result["share"] == 0.1, name
        assert max(result["learned"], result["unseen"], result["close"]) <= 1e-5, (name, result)
        # As learned from the sample it would be 7 times the rate; a model that hedges is below it.
        assert 0.6 < result["mean"] / result["rate"] < 1.2, (name, result)
        assert result["roc_auc"] > 0.75, name
    # What the features of a booster add is its score, to the last digit that the trees compute in.
    explained = {name: result["explained"] for name, result in found.items() if result["explained"] is not False}
    assert list(explained) == ["xgboost", "lightgbm"]
    assert max(explained.values()) <= 1e-5


def test_mlops_toml_names_the_environments_of_the_table() -> None:
    """The pipeline knows no family: what it reads there is what the table says."""
    configured = tomllib.loads((REPOSITORY / "mlops.toml").read_text(encoding="utf-8"))["training"]
    named = configured.get("environments", {})
    assert {name: named.get(name, "train") for name in FAMILIES} == {
        name: family.environment for name, family in FAMILIES.items()
    }
    assert all((REPOSITORY / "environments" / folder / "Dockerfile").is_file() for folder in ENVIRONMENTS)


def test_parameters_are_the_defaults_but_for_those_given_the_last_of_which_counts() -> None:
    assert values_of("f", PARAMETERS, []) == {"rate": 0.1, "trees": 100}
    assert values_of("f", PARAMETERS, ["trees=5", "rate=0", "trees=7"]) == {"rate": 0.0, "trees": 7}
    assert isinstance(values_of("f", PARAMETERS, ["trees=5.0"])["trees"], int)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("trees", "a parameter is given as NAME=VALUE, not 'trees'"),
        ("leaves=3", "f has no parameter 'leaves'; it has rate, trees"),
        ("trees=many", "trees must be a whole number from 1 to 500, not 'many'"),
        ("trees=2.5", "trees must be a whole number from 1 to 500, not '2.5'"),
        ("trees=0", "trees must be a whole number from 1 to 500, not '0'"),
        ("rate=", "rate must be a number from 0 to 1, not ''"),
        ("rate=nan", "rate must be a number from 0 to 1, not 'nan'"),
        ("rate=inf", "rate must be a number from 0 to 1, not 'inf'"),
    ],
)
def test_parameters_that_cannot_be_are_refused(item: str, said: str) -> None:
    with pytest.raises(FamilyError) as caught:
        values_of("f", PARAMETERS, [item])
    assert str(caught.value) == said


@pytest.mark.parametrize("name", FAMILIES)
def test_defaults_are_within_their_bounds_and_names_are_said_once(name: str) -> None:
    parameters = FAMILIES[name].parameters
    assert len({parameter.name for parameter in parameters}) == len(parameters)
    given = [f"{parameter.name}={parameter.default}" for parameter in parameters]
    assert values_of(name, parameters, given) == values_of(name, parameters, [])


def test_what_is_no_family_or_no_seed_is_refused() -> None:
    with pytest.raises(FamilyError, match="there are logistic_regression, random_forest, "):
        family_of("perceptron")
    for seed in (-1, 2**31):
        with pytest.raises(FamilyError, match="seed must be 0 or more and below"):
            checked_seed(seed)


def test_few_genuine_rows_are_all_kept_and_every_fraud_always() -> None:
    few, many = (np.repeat([0, 1], [count, 50]) for count in (FEW - 1, FEW))
    assert share_of(0.2, few) == 1
    assert share_of(0.2, many) == 0.2
    chosen = sample(many, 0.2, seed=1)
    assert chosen[many == 1].all()
    assert chosen[many == 0].mean() == pytest.approx(0.2, abs=0.005)
    assert (chosen == sample(many, 0.2, seed=1)).all()
    assert (chosen != sample(many, 0.2, seed=2)).any()
    assert sample(many, 1.0, seed=1).all()


@given(st.floats(0, 1), st.floats(0.001, 1))
def test_the_correction_multiplies_the_odds_by_the_share(probability: float, share: float) -> None:
    result = float(corrected(np.array([probability]), share)[0])
    assert 0 <= result <= probability + 1e-12
    assert result * (1 - probability) == pytest.approx(share * probability * (1 - result), abs=1e-12)


@pytest.mark.parametrize("wrong", [0.1, np.nan])
def test_an_export_that_scores_otherwise_is_refused(wrong: float) -> None:
    score = np.array([0.1, 0.5, 0.9])
    assert prove_equal(score, score + np.array([0, 0, 1e-6])) == pytest.approx(1e-6)
    with pytest.raises(ExportError, match="scores row 1 of 3 "):
        prove_equal(score, score + np.array([0, wrong, 0]))
