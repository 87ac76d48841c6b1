"""What mlops.toml names is what the deployment of that target makes."""

from __future__ import annotations

import pytest

from .deployments import FIRST, OTHERS, configured, subscription
from .plan import ML, Plan

TARGETS = configured()


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_subscription_is_the_one_that_is_deployed_to(plans: dict[str, Plan], target: str) -> None:
    assert subscription(target) != OTHERS
    ours = TARGETS[target]["subscription_id"]
    for each in plans[target].resources:
        # The names of zones hold the suffix of the cloud, which only the service knows.
        assert each["id"].lower().startswith((f"/subscriptions/{ours}/".lower(), f"[resourceid('{ours}',".lower()))


def test_the_resource_group_is_made(plans: dict[str, Plan], target: str) -> None:
    groups = [each["name"] for each in plans[target].of("Microsoft.Resources/resourceGroups")]
    assert groups == [TARGETS[target]["resource_group"]]


def test_the_workspace_is_made(plans: dict[str, Plan], target: str) -> None:
    (workspace,) = plans[target].workspaces
    assert workspace["name"] == TARGETS[target]["workspace"]
    assert f"/resourceGroups/{TARGETS[target]['resource_group']}/" in workspace["id"]


def test_the_cluster_is_made(plans: dict[str, Plan], target: str) -> None:
    made = [each["name"] for each in plans[target].of(f"{ML}/computes")]
    assert f"{TARGETS[target]['workspace']}/{TARGETS[target]['compute']}" in made


def test_the_endpoint_is_made_by_the_first_deployment(plans: dict[str, Plan], target: str) -> None:
    first = plans.get(f"{target}-first")
    assert first, f"add a deployment {target}-first with {FIRST[1]}"
    made = [each["name"] for each in first.of(f"{ML}/onlineEndpoints")]
    assert made == [f"{TARGETS[target]['workspace']}/{TARGETS[target]['endpoint']}"]


def test_the_endpoint_that_is_watched_is_the_same(plans: dict[str, Plan], target: str) -> None:
    scopes = {
        scope
        for each in plans[target].of("Microsoft.Insights/metricAlerts")
        for scope in each["properties"]["scopes"]
    }
    assert any(scope.endswith(f"/onlineEndpoints/{TARGETS[target]['endpoint']}") for scope in scopes)


def test_the_size_of_the_instances_is_allowed(plans: dict[str, Plan], target: str) -> None:
    sizes = [
        each["properties"]["parameters"]["sizes"]["value"]
        for each in plans[target].of("Microsoft.Authorization/policyAssignments")
        if "sizes" in each["properties"]["parameters"]
    ]
    assert len(sizes) == 1
    assert TARGETS[target]["instance_type"] in sizes[0]


def test_the_outputs_say_what_the_file_says(plans: dict[str, Plan], target: str) -> None:
    settings = plans[target].outputs["settings"]
    for ours, theirs in (
        ("subscription_id", "subscriptionId"),
        ("resource_group", "resourceGroup"),
        ("workspace", "workspace"),
        ("compute", "compute"),
        ("endpoint", "endpoint"),
    ):
        assert settings[theirs] == TARGETS[target][ours]


def test_the_registry_of_models_knows_the_target(plans: dict[str, Plan], target: str) -> None:
    identities = [
        each["properties"]["principalId"]
        for each in plans["registry"].of("Microsoft.Authorization/roleAssignments")
        if f"-{target}-release'" in each["properties"]["principalId"]
    ]
    assert len(identities) == 1
    assert f"/subscriptions/{TARGETS[target]['subscription_id']}/" in identities[0]
