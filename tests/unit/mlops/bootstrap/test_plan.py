"""What Bicep says would be made, and the providers of all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mlops import config
from mlops.bootstrap.azure import PROVIDERS
from mlops.bootstrap.plan import Wanted, evaluate
from mlops.errors import BadInput
from mlops.tools import Calls
from tests.emulator import REPOSITORY

from .world import SNAPSHOTS, SUBSCRIPTION

ALWAYS_THERE = {"Microsoft.Resources", "Microsoft.Authorization", "Microsoft.Consumption"}
"""Azure registers these itself."""
INSTALLED = shutil.which("bicep") or (Path.home() / ".azure" / "bin" / "bicep").exists()


@pytest.mark.parametrize("file", sorted(SNAPSHOTS.glob("*.json")), ids=lambda file: file.stem)
def test_every_provider_of_every_deployment_is_registered(file: Path) -> None:
    used = {each["type"].partition("/")[0] for each in json.loads(file.read_text())["resources"]}
    assert used
    assert used - ALWAYS_THERE <= set(PROVIDERS)


@pytest.mark.skipif(not INSTALLED, reason="bicep is not installed")
def test_bicep_evaluates_the_target_for_its_subscription_and_region() -> None:
    settings = config.load(REPOSITORY / "mlops.toml")
    calls = Calls(lambda line: None, dry=True)
    found = evaluate(calls, settings, "dev", SUBSCRIPTION, {"AZURE_LOCATION": "northeurope"})
    wanted = Wanted.of_snapshot(found)
    golden = json.loads((SNAPSHOTS / "dev.json").read_text())["outputs"]["settings"]
    assert wanted.settings == golden | {"subscriptionId": SUBSCRIPTION}
    assert wanted.location == "northeurope"
    assert wanted.open
    assert wanted.storage["name"].startswith("stfrauddev")
    assert wanted.clusters[0]["name"].endswith(golden["compute"])


def test_without_bicep_a_dry_run_says_so_and_another_run_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    settings, said = config.load(REPOSITORY / "mlops.toml"), list[str]()
    variables = {"AZURE_LOCATION": "westeurope"}
    with pytest.raises(BadInput, match="Bicep command line is not installed"):
        evaluate(Calls(said.append, dry=True), settings, "dev", SUBSCRIPTION, variables)
    assert said == []
    with pytest.raises(BadInput, match="az is not installed"):
        evaluate(Calls(said.append), settings, "dev", SUBSCRIPTION, variables)
    assert said[-1] == "  $ az bicep install"


def test_a_target_that_mlops_toml_does_not_have_yet_is_known_from_the_plan() -> None:
    settings = config.load(REPOSITORY / "mlops.toml")
    golden = json.loads((SNAPSHOTS / "prod.json").read_text())
    wanted = Wanted(golden["resources"], golden["outputs"]["settings"])
    found = wanted.completed(settings, "prod", SUBSCRIPTION).target("prod")
    assert (found.workspace, found.subscription_id) == ("mlw-fraud-prod", SUBSCRIPTION)
    assert not wanted.open
