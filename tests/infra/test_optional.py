"""What is made only where it is asked for: that it is, that nothing else changes, and where it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bicep import Refused, Warm
from .deployments import DEPLOYMENTS, KUBERNETES, REGISTRY, evaluate, replaced, with_parameters
from .plan import ML, Plan, Resource

WHOLE = [name for name in DEPLOYMENTS if name.endswith("-whole")]


def computes(plan: Plan) -> dict[str, Resource]:
    return {each["name"].split("/")[1]: each for each in plan.of(f"{ML}/computes")}


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_is_lost(plans: dict[str, Plan], name: str) -> None:
    """A role may give way to another, so grants are not compared."""
    usual, whole = plans[name.removesuffix("-whole")], plans[name]
    kept = {each["id"] for each in usual.resources if not each["type"].startswith("Microsoft.Authorization/")}
    assert kept <= {each["id"] for each in whole.resources}
    assert whole.outputs["settings"] == {
        **usual.outputs["settings"],
        "allowedSizes": whole.outputs["settings"]["allowedSizes"],
    }


@pytest.mark.parametrize("name", WHOLE)
def test_the_second_cluster_is_like_the_first(plans: dict[str, Plan], name: str) -> None:
    made = computes(plans[name])
    first, second = made["cpu-cluster"], made["gpu-cluster"]
    assert second["properties"]["properties"]["vmSize"] == "Standard_NC6s_v3"
    assert _safety(first) == _safety(second)
    assert second["properties"]["properties"]["scaleSettings"]["minNodeCount"] == 0


def _safety(cluster: Resource) -> Resource:
    nodes = cluster["properties"]["properties"]
    chosen = {"vmSize", "vmPriority", "scaleSettings"}
    return {
        "identity": cluster["identity"],
        "tags": cluster["tags"],
        "local": cluster["properties"]["disableLocalAuth"],
        "nodes": {key: value for key, value in nodes.items() if key not in chosen},
    }


def test_kubernetes_is_attached_where_it_is_asked_for(plans: dict[str, Plan]) -> None:
    attached = computes(plans["dev-whole"])["kubernetes"]
    assert attached["properties"]["resourceId"].endswith("/managedClusters/aks-jobs")
    assert attached["properties"]["properties"] == {"namespace": "azureml"}


def test_kubernetes_is_left_alone_afterwards(warm: Warm, copy: Path) -> None:
    """The second deployment is the first without the flag."""
    replaced(
        copy / "main.dev.bicepparam",
        with_parameters(KUBERNETES.replace("attachKubernetes = true", "attachKubernetes = false")),
    )
    assert set(computes(evaluate(warm, copy, DEPLOYMENTS["dev"]))) == {"cpu-cluster"}


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_a_closed_workspace_takes_no_kubernetes(warm: Warm, copy: Path, name: str) -> None:
    replaced(copy / DEPLOYMENTS[name].parameters, with_parameters(KUBERNETES))
    with pytest.raises(Refused, match="does not take an attached cluster"):
        evaluate(warm, copy, DEPLOYMENTS[name])


def test_an_open_target_needs_no_way_to_the_registry(warm: Warm, copy: Path, plans: dict[str, Plan]) -> None:
    replaced(copy / "main.dev.bicepparam", with_parameters(f"param registryId = '{REGISTRY}'\n"))
    assert evaluate(warm, copy, DEPLOYMENTS["dev"]).resources == plans["dev"].resources


def test_the_approval_is_where_the_registry_is(plans: dict[str, Plan]) -> None:
    """The registry may be in another subscription and group than the target."""
    scopes = {each.scope for each in plans["prod-whole"].grants if "/registries/mlr-" in each.scope}
    assert scopes == {REGISTRY}
