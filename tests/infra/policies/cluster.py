"""The cluster that jobs run on."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, Plan, Resource
from ._rule import rule

IDLE = {"PT2M", "PT5M", "PT10M", "PT15M", "PT30M"}


def _clusters(plan: Plan) -> list[Resource]:
    """Those that Azure ML scales; an attached one is scaled by others."""
    return [each for each in plan.of(f"{ML}/computes") if each["properties"]["computeType"] == "AmlCompute"]


def _nodes(compute: Resource) -> Resource:
    nodes: Resource = compute["properties"]["properties"]
    return nodes


@rule("PSRule Azure.ML.ComputeIdleShutdown; house rule: minimum 0 nodes")
def clusters_cost_nothing_at_rest(plan: Plan) -> Iterator[str]:
    for compute in _clusters(plan):
        scale = _nodes(compute)["scaleSettings"]
        if scale.get("minNodeCount") != 0:
            yield f"{compute['name']} keeps {scale.get('minNodeCount')} nodes"
        if scale.get("nodeIdleTimeBeforeScaleDown") not in IDLE:
            yield f"{compute['name']} waits {scale.get('nodeIdleTimeBeforeScaleDown')}"


@rule("PSRule Azure.ML.DisableLocalAuth; Azure Policy e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f")
def clusters_have_no_local_accounts(plan: Plan) -> Iterator[str]:
    for compute in plan.of(f"{ML}/computes"):
        if compute["properties"].get("disableLocalAuth") is not True:
            yield f"{compute['name']} has local accounts"
    for compute in _clusters(plan):
        if _nodes(compute).get("remoteLoginPortPublicAccess") != "Disabled" or "userAccountCredentials" in _nodes(
            compute
        ):
            yield f"{compute['name']} can be logged into"


@rule("PSRule Azure.ML.ComputeVnet; fact 96")
def nodes_of_closed_targets_have_no_public_address(plan: Plan) -> Iterator[str]:
    for compute in _clusters(plan) if plan.closed else []:
        if _nodes(compute).get("enableNodePublicIp") is not False:
            yield f"nodes of {compute['name']} have public addresses"


@rule("fact 14: a cluster without an identity cannot read a keyless datastore")
def clusters_have_the_identity_of_steps(plan: Plan) -> Iterator[str]:
    for compute in plan.of(f"{ML}/computes"):
        identity = compute.get("identity", {})
        held = [name.rsplit("/", 1)[-1] for name in identity.get("userAssignedIdentities", {})]
        if identity.get("type") != "UserAssigned" or [name.rsplit("-", 1)[-1] for name in held] != ["compute"]:
            yield f"steps on {compute['name']} run as {held or identity.get('type')}"


@rule("fact 97: no built-in policy limits the sizes, so ours does; the template keeps to it")
def clusters_have_an_allowed_size(plan: Plan) -> Iterator[str]:
    for assignment in plan.of("Microsoft.Authorization/policyAssignments"):
        sizes = assignment["properties"].get("parameters", {}).get("sizes", {}).get("value")
        for compute in _clusters(plan) if sizes is not None else []:
            if _nodes(compute)["vmSize"] not in sizes:
                yield f"{compute['name']} has a size that the policy refuses: {_nodes(compute)['vmSize']}"
