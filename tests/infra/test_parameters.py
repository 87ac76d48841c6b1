"""Every bad value is refused before anything is deployed, and the refusal names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import bicep
from .bicep import Refused, Warm
from .deployments import (
    CLUSTER,
    DEPLOYMENTS,
    GPU,
    KUBERNETES,
    evaluate,
    replaced,
    subscription,
    with_parameters,
)

BAD = {
    "target": ("param target = 'dev'", "param target = 'production'"),
    "workload too long": ("workload = 'fraud'", "workload = 'fraudulent'"),
    "workload too short": ("workload = 'fraud'", "workload = 'f'"),
    "workload missing": ("param workload = 'fraud'\n", ""),
    "tags without an owner": ("owner: 'fraud-team', ", ""),
    "tags with another": ("costCentre: 'fraud'", "costCentre: 'fraud', colour: 'red'"),
    "an empty tag": ("costCentre: 'fraud'", "costCentre: ''"),
    "isolation": ("isolation = 'public'", "isolation = 'open'"),
    "cluster without nodes": ("maxNodes: 4", "maxNodes: 0"),
    "cluster with too many nodes": ("maxNodes: 4", "maxNodes: 1000"),
    "cluster that idles for days": ("'PT5M'", "'P1D'"),
    "cluster with a word for a truth": ("lowPriority: true", "lowPriority: 'yes'"),
    "cluster without a size": ("vmSize: 'Standard_DS3_v2', ", ""),
    "no size allowed": ("allowedSizes = ['Standard_DS2_v2', 'Standard_DS3_v2']", "allowedSizes = []"),
    "delivery": ("'train', 'release'", "'train', 'admin'"),
    "no operator": ("operators = [", "operators = []\nvar nobody = ["),
    "operator without an address": (
        "name: 'fraud-team', email: readEnvironmentVariable('ALERT_EMAIL', 'fraud-team@example.com')",
        "name: 'fraud-team'",
    ),
    "budget of nothing": ("amount: 200", "amount: 0"),
    "budget without a day": ("'2026-11-01'", "'2026-11'"),
    "budget in the middle of a month": ("'2026-11-01'", "'2026-11-15'"),
    "retention too short": ("retentionDays = 7", "retentionDays = 1"),
    "retention too long": ("retentionDays = 7", "retentionDays = 91"),
    "logs forgotten at once": ("retentionDays = 7", "retentionDays = 7\nparam logRetentionDays = 1"),
    "latency": ("retentionDays = 7", "retentionDays = 7\nparam latencyMs = 0"),
    "no wait": ("retentionDays = 7", "retentionDays = 7\nparam waitTurns = 0"),
    "suffix too long": ("retentionDays = 7", "retentionDays = 7\nparam suffix = 'fifth'"),
    "suffix empty": ("retentionDays = 7", "retentionDays = 7\nparam suffix = ''"),
    "GPU cluster without nodes": with_parameters(GPU.replace("maxNodes: 1", "maxNodes: 0")),
    "GPU cluster without a size": with_parameters(GPU.replace("vmSize: 'Standard_NC6s_v3'", "")),
    "Spark with a word for a truth": with_parameters("param spark = 'yes'\n"),
    "Kubernetes without a namespace": with_parameters(KUBERNETES.replace(", namespace: 'azureml'", "")),
    "Kubernetes in an empty namespace": with_parameters(KUBERNETES.replace("'azureml'", "''")),
    "Kubernetes by a name": with_parameters(KUBERNETES.replace(CLUSTER, "aks-jobs")),
    "Kubernetes with an identity of its own": with_parameters(
        KUBERNETES.replace("'azureml'", "'a', identityId: 'b'")
    ),
    "Kubernetes by a word for a truth": with_parameters("param attachKubernetes = 'once'\n"),
    "registry of models by a name": with_parameters("param registryId = 'mlr-fraud'\n"),
    "registry of models empty": with_parameters("param registryId = ''\n"),
    "network": ("retentionDays = 7", "retentionDays = 7\nparam addressPrefix = '10/8'"),
    "a parameter that there is not": ("retentionDays = 7", "retentionDays = 7\nparam retention = 7"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_value_is_refused(executable: str, warm: Warm, copy: Path, what: str) -> None:
    path = replaced(copy / "main.dev.bicepparam", BAD[what])
    said = warm.parameters(path)
    if not said:
        with pytest.raises(Refused):
            warm.snapshot(path, subscription("dev"))


@pytest.mark.parametrize(
    "edit",
    [
        ("target: 'staging'", "target: 'test'"),
        ("target: 'staging', ", ""),
        ("target: 'staging', ", "target: 'staging', role: 'Owner', "),
        ("subscriptions.staging", "'staging'"),
        ("publicNetworkAccess = 'Enabled'", "publicNetworkAccess = 'Enabled'\nparam logRetentionDays = 1"),
    ],
)
def test_a_bad_value_of_the_registry_is_refused(warm: Warm, copy: Path, edit: tuple[str, str]) -> None:
    assert warm.parameters(replaced(copy / "registry.bicepparam", edit))


def test_a_bad_value_stops_the_command(executable: str, copy: Path) -> None:
    """As a person meets it: an exit code, and a line that names the values there are."""
    path = replaced(copy / "main.dev.bicepparam", BAD["target"])
    ended = bicep.run(executable, "build-params", str(path), "--stdout")
    assert ended.returncode == 1
    assert "'dev' | 'prod' | 'staging'" in ended.stderr


def test_names_can_be_moved_away_from_those_that_are_held(warm: Warm, copy: Path) -> None:
    """A deleted workspace or vault holds its name: with a suffix, no name of the first try is used again."""
    plain = evaluate(warm, copy, DEPLOYMENTS["dev"])
    replaced(copy / "main.dev.bicepparam", ("retentionDays = 7", "retentionDays = 7\nparam suffix = 'b'"))
    moved = evaluate(warm, copy, DEPLOYMENTS["dev"])
    of_subscription = {"Microsoft.Authorization/policyDefinitions"}
    held = {each["id"] for each in plain.resources if each["type"] not in of_subscription}
    assert held & {each["id"] for each in moved.resources} == set()


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_unique_names_fit(warm: Warm, copy: Path, name: str) -> None:
    """The longest workload and target still leave the whole hash in the 24 characters."""
    replaced(copy / DEPLOYMENTS[name].parameters, ("workload = 'fraud'", "workload = 'sevenxx'"))
    plan = evaluate(warm, copy, DEPLOYMENTS[name])
    names = [
        each["name"]
        for kind in ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults")
        for each in plan.of(kind)
    ]
    for each in names:
        assert len(each) <= 24
        assert len(each) == len(f"stsevenxx{name}") + 8
