"""Families that the demo does not train: trained, judged, registered and served, by `mlops demo` itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Commands
from tests.project import REPOSITORY, Project

NETWORK = [
    pytest.mark.frameworks,
    pytest.mark.skipif("FRAMEWORKS" not in os.environ, reason="some gigabytes: make test-frameworks"),
]
FAMILIES = [
    "xgboost",
    pytest.param("torch_network", marks=NETWORK),
    pytest.param("keras_network", marks=NETWORK),
]


@pytest.fixture(scope="module")
def apart(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of its own: what is in production here is nobody's champion."""
    found = Project(tmp_path_factory.mktemp("families"), commands)
    yield found
    found.end()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_trained_judged_registered_and_served(apart: Project, tmp_path: Path, family: str) -> None:
    """Alone, and at an endpoint of its own, so that each is a first model. The demo compares the answers."""
    config = tmp_path / "mlops.toml"
    lines = (REPOSITORY / "mlops.toml").read_text(encoding="utf-8").splitlines()
    config.write_text("\n".join(_changed(line, family) for line in lines) + "\n", encoding="utf-8")
    told = apart.json("demo", config=config)
    evaluation = told["evaluation"]
    assert [candidate["family"] for candidate in evaluation["candidates"]] == [family]
    assert evaluation["candidate"]["values"]["average_precision"] > 0.5
    assert told["verdict"]["decision"] == "accept"
    assert told["version"] >= 1
    assert all(0 <= score <= 1 for score in told["scores"])
    assert len(set(told["scores"])) > 1


def _changed(line: str, family: str) -> str:
    if line.startswith("families = "):
        return f'families = ["{family}"]'
    if line == 'endpoint = "fraud-local"':
        return f'endpoint = "fraud-{family.replace("_", "-")}"'
    return line
