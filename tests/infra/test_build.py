"""Build, lint and format: nothing to say about any file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.once import once

from . import bicep
from .plan import Plan

SOURCES = sorted(path.relative_to(bicep.INFRA) for path in bicep.INFRA.rglob("*.bicep*") if path.suffix != ".json")
TEMPLATES = [path for path in SOURCES if path.suffix == ".bicep"]


@pytest.fixture(scope="session")
def lint(executable: str, shared: Path) -> dict[str, Any]:
    """What `bicep lint` says of all files."""

    def said() -> dict[str, Any]:
        pattern = str(bicep.INFRA / "**" / "*.bicep")
        ended = bicep.run(executable, "lint", "--pattern", pattern, "--diagnostics-format", "sarif")
        return {"code": ended.returncode, "sarif": ended.stdout}

    return once(shared, "infra-lint", said)


def test_the_linter_has_nothing_to_say(lint: dict[str, Any]) -> None:
    results = [each for run in _logs(lint["sarif"]) for each in run["results"]]
    assert [f"{each['ruleId']}: {each['message']['text']}" for each in results] == []
    assert lint["code"] == 0


def test_the_linter_reads_the_configuration(executable: str, tmp_path: Path) -> None:
    """An unknown rule is accepted in silence, so each rule of ours is seen to trip on a bad example."""
    named = set(json.loads((bicep.INFRA / "bicepconfig.json").read_text())["analyzers"]["core"]["rules"])
    (tmp_path / "bicepconfig.json").write_text((bicep.INFRA / "bicepconfig.json").read_text())
    (tmp_path / "bad.bicep").write_text(BAD)
    (tmp_path / "part.bicep").write_text(
        "param location string = resourceGroup().location\noutput l string = location\n"
    )
    ended = bicep.run(executable, "lint", str(tmp_path / "bad.bicep"), "--diagnostics-format", "sarif")
    tripped = {
        each["ruleId"]: each.get("level", "warning") for run in _logs(ended.stdout) for each in run["results"]
    }
    assert named - tripped.keys() == set()
    assert {name for name in named if tripped[name] != "error"} == set()
    assert ended.returncode != 0


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_files_are_formatted(warm: bicep.Warm, path: Path) -> None:
    assert warm.format(bicep.INFRA / path) == (bicep.INFRA / path).read_text()


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_files_are_small(path: Path) -> None:
    assert len((bicep.INFRA / path).read_text().splitlines()) <= 500


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_every_module_builds_by_itself_without_a_warning(warm: bicep.Warm, path: Path) -> None:
    assert warm.compile(bicep.INFRA / path).diagnostics == []


def test_every_module_is_used(plans: dict[str, Plan]) -> None:
    text = "\n".join((bicep.INFRA / path).read_text() for path in TEMPLATES)
    modules = {path.name for path in TEMPLATES if path.parent.name == "modules"}
    assert modules == {
        name.rsplit("/", 1)[-1] for name in re.findall(r"^module \w+ '([^']+)'", text, re.MULTILINE)
    }
    assert plans


def _logs(sarif: str) -> list[dict[str, Any]]:
    """The runs of one SARIF document, or of several, one after the other."""
    decoder, at, runs = json.JSONDecoder(), 0, []
    while at < len(sarif):
        document, at = decoder.raw_decode(sarif, at)
        runs += document["runs"]
        at += len(sarif[at:]) - len(sarif[at:].lstrip())
    return runs


BAD = """
param unused string
@secure()
param password string = 'not-a-secret'
param place string = resourceGroup().location
param anything object
#disable-next-line BCP081
resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'a'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { customDomain: { name: concat('a', place, anything.?b ?? 'c') } }
}
resource child 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  name: '${account.name}/default'
}
resource deployment 'Microsoft.Resources/deployments@2024-03-01' = {
  name: 'nested'
  properties: {
    mode: 'Incremental'
    expressionEvaluationOptions: { scope: 'outer' }
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      outputs: { o: { type: 'string', value: password } }
    }
  }
}
module part 'part.bicep' = { name: 'part' }
output host string = 'https://management.azure.com/'
output secret string = account.listKeys().keys[0].value
output place string = resourceGroup().location
output maybe string = contains(anything, 'b') ? anything.b : 'c'
"""
