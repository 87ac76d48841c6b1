"""The registry that the template declares: releases publish to it, the next target reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from azureml_local.server import control
from mlops.config import load
from mlops.release.promotion import arrived
from mlops.workspace import registries
from tests.delivery.conftest import World, of
from tests.emulator import variables

REGISTRY = "mlr-fraud"
REFUSED = f"User/tenant/subscription is not allowed to access registry {REGISTRY}"


@pytest.fixture(scope="module")
def promoted(delivered: World) -> World:
    """The registry, made by a person, and what dev's release publishes."""
    delivered.run("registry", "infra", "apply", "--target", "local", "--deployment", "registry")
    delivered.run("promoted", *of("promote 1", "dev"), "--output", "json", identity="dev-release")
    return delivered


def test_promoted_again_nothing_is_shared(promoted: World) -> None:
    again = promoted.run("promoted again", *of("promote fraud:1", "dev"), identity="dev-release")
    assert again.stdout == f"azureml://registries/{REGISTRY}/models/fraud/versions/1\n"
    said = again.stderr.splitlines()
    assert [line.endswith(f"is in the registry {REGISTRY} already") for line in said[:3]] == [True] * 3


def test_the_next_target_reads_what_dev_released(promoted: World, tmp_path: Path) -> None:
    with variables(**control.variables(promoted.home, "staging-release")):
        bundle = arrived(registries.registry(load(promoted.config)), "fraud", 1, tmp_path)
    assert bundle.digest in promoted.said["promoted"].stdout
    judged = json.loads((bundle.folder / "gate.json").read_text())
    assert bundle.document["verdict"] == judged["decision"]


@pytest.mark.parametrize("identity", ["dev-pull-request", "dev-train"])
def test_only_a_release_publishes(promoted: World, identity: str) -> None:
    """A pull request reads the registry, to compare; who trains has no role there at all."""
    ended = promoted.project.mlops(*of("promote 2", "dev"), identity=identity, MLOPS_CONFIG=str(promoted.config))
    assert ended.returncode == 4, (ended.stdout, ended.stderr)
    assert ended.stderr.splitlines()[-1] == f"error: {REFUSED}"
