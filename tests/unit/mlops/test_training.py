"""What `mlops train` asks of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops import config, training
from mlops.errors import BadInput
from tests.project import REPOSITORY

TEXT = (REPOSITORY / "mlops.toml").read_text()


def test_a_search_draws_by_the_seed_of_training(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text(TEXT.replace("seed = 0", "seed = 7"))
    found = training.searched(config.load(tmp_path / "mlops.toml"), "lightgbm")
    assert (found["seed"], found["metric"], found["sampling"]) == (7, "average_precision", "sobol")
    assert found["space"]["num_leaves"] == {"type": "choice", "values": [7, 15, 31]}


@pytest.mark.parametrize("family", ["logistic_regression", "prophet"])
def test_a_family_without_a_space_is_not_searched(family: str) -> None:
    with pytest.raises(BadInput, match=rf"{family} cannot be swept: .*\[training\.sweep\.{family}\]") as caught:
        training.searched(config.load(REPOSITORY / "mlops.toml"), family)
    assert caught.value.hint == "there is one for lightgbm"
