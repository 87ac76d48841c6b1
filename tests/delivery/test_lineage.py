"""A version that a workflow's identity trained remembers that identity, not the person at the machine."""

from __future__ import annotations

import json

from azureml_local.server import control
from tests.delivery.conftest import World, of


def test_a_version_names_the_identity_that_trained_it(delivered: World) -> None:
    here = control.variables(delivered.home)
    ended = delivered.project.mlops(*of("lineage 1", "dev"), "--output", "json", config=delivered.config, **here)
    assert ended.returncode == 0, ended.stderr
    by = json.loads(ended.stdout)["lineage"]["provenance"]["by"]
    assert by["name"] == "id-fraud-dev-train"
    assert by["client_id"]
