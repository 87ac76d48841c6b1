"""The networks, each in the environment of its framework: `make test-frameworks`."""

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fraud.training.families import FAMILIES

from .conftest import Step, runner

NETWORKS = {name: family.environment for name, family in FAMILIES.items() if family.environment != "train"}
pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.skipif("FRAMEWORKS" not in os.environ, reason="some gigabytes: make test-frameworks"),
]


@pytest.mark.parametrize("environment", sorted(set(NETWORKS.values())))
def test_a_network_is_exported_exactly_and_its_probabilities_are_right(environment: str) -> None:
    run = runner(environment)(Path(__file__).with_name("families.py"), environment)
    assert (run.returncode, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    assert set(found) == {name for name, folder in NETWORKS.items() if folder == environment}
    for name, result in found.items():
        assert max(result["learned"], result["unseen"]) <= 1e-5, (name, result)
        assert result["mean"] == pytest.approx(result["rate"], rel=0.2), name
        assert result["roc_auc"] > 0.9, name


@pytest.mark.parametrize("family", NETWORKS)
def test_the_same_seed_teaches_the_same_network_which_the_other_steps_read(
    evaluated: Path, step: Step, tmp_path: Path, family: str
) -> None:
    given = ("--features", evaluated / "features", "--settings", evaluated / "settings.json")
    for name in ("one", "two"):
        options = (*given, "--family", family, "--model", tmp_path / name, "--set", "epochs=2")
        run = runner(NETWORKS[family])("-m", "fraud.training.train", *options)
        assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "one" / "model.onnx").read_bytes() == (tmp_path / "two" / "model.onnx").read_bytes()
    outputs = ("--evaluation", tmp_path / "evaluation", "--model", tmp_path / "model")
    run = step("-m", "fraud.evaluation.evaluate", *given, "--candidate", tmp_path / "one", *outputs)
    assert (run.returncode, run.stderr) == (0, "")


def test_two_processes_teach_the_network_that_one_does(evaluated: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    run = runner(NETWORKS["torch_network"])
    given = ("--features", evaluated / "features", "--settings", evaluated / "settings.json")

    def train(name: str, **told: str) -> None:
        options = ("--family", "torch_network", "--model", tmp_path / name, "--set", "epochs=2")
        ended = run("-m", "fraud.training.train", *given, *options, **told)
        assert (ended.returncode, ended.stderr) == (0, "")

    def ranked(rank: int) -> None:
        told = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        train("two" if rank == 0 else "none", **told)

    train("one")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ranked, range(2)))
    assert not (tmp_path / "none").exists()  # the first one writes for both
    one, two = (json.loads((tmp_path / name / "training.json").read_text()) for name in ("one", "two"))
    # The same sums in another order: equal but for their last digits.
    assert two["selection"]["values"] == pytest.approx(one["selection"]["values"], abs=0.01)
    means = [json.loads((tmp_path / n / "profile.json").read_text())["scores"] for n in ("one", "two")]
    assert means[0].keys() == means[1].keys()
    assert np.isclose(one["largest_difference"], two["largest_difference"], atol=1e-5)
