"""Who can reach what."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, MODELS, Plan, kind_of
from ._rule import rule
from .data import REGISTRY, STORAGE, VAULT

GROUPS = {
    "plain storage": {"blob", "file", "queue", "table"},
    "lake": {"blob", "dfs"},
    VAULT: {"vault"},
    REGISTRY: {"registry"},
    ML: {"amlworkspace"},
}


@rule(
    "PSRule Azure.ML.PublicAccess, Azure.KeyVault.Firewall, Azure.ACR.Firewall; "
    "house rule: no public access in prod"
)
def prod_has_no_public_address(plan: Plan) -> Iterator[str]:
    if plan.target != "prod":
        return
    for kind in (STORAGE, VAULT, REGISTRY, ML, f"{ML}/onlineEndpoints"):
        for each in plan.of(kind):
            if each["properties"].get("publicNetworkAccess") != "Disabled":
                yield f"{each['name']} has a public address"


@rule("PSRule Azure.Storage.Firewall; Azure Policy b2982f36-99f2-4db5-8eff-283140c09693")
def closed_targets_let_no_stranger_in(plan: Plan) -> Iterator[str]:
    if not plan.closed:
        return
    for kind, key in ((STORAGE, "networkAcls"), (VAULT, "networkAcls"), (REGISTRY, "networkRuleSet")):
        for each in plan.of(kind):
            rules = each["properties"].get(key) or {}
            if rules.get("defaultAction") != "Deny":
                yield f"{each['name']} answers everyone"
            if any(entry["value"].endswith("/0") for entry in rules.get("ipRules", [])):
                yield f"{each['name']} lets every address in"


@rule("fact 33: a private workspace needs the endpoints of batch too, and two zones")
def private_targets_have_every_endpoint(plan: Plan) -> Iterator[str]:
    if plan.target != "prod":
        return
    for kind in (STORAGE, VAULT, REGISTRY, ML):
        for each in plan.of(kind):
            plain = "lake" if each["properties"].get("isHnsEnabled") else "plain storage"
            for group in sorted(GROUPS[plain if kind == STORAGE else kind]):
                if (each["id"], group) not in plan.inbound:
                    yield f"{each['name']} has no private endpoint for {group}"
    for (id_, group), zones in plan.inbound.items():
        if zones < (2 if group == "amlworkspace" else 1):
            yield f"{id_.rsplit('/', 1)[-1]} is not found in the zones of {group}"


@rule("PSRule Azure.VNET.UseNSGs")
def subnets_have_rules(plan: Plan) -> Iterator[str]:
    for network in plan.of("Microsoft.Network/virtualNetworks"):
        for subnet in network["properties"]["subnets"]:
            if "networkSecurityGroup" not in subnet["properties"]:
                yield f"{network['name']}/{subnet['name']} has no network security group"


@rule("fact 32: isolation only tightens, and what-if does not show what the service fills in")
def isolation_is_said_and_closed_outside_dev(plan: Plan) -> Iterator[str]:
    asked = "AllowOnlyApprovedOutbound" if plan.closed else "Disabled"
    for workspace in plan.workspaces:
        mode = (workspace["properties"].get("managedNetwork") or {}).get("isolationMode")
        if mode != asked:
            yield f"{workspace['name']}: isolation is {mode}, not {asked}"


@rule("fact 33: batch in a managed network needs table and queue; no host is named by a wildcard")
def managed_networks_reach_what_batch_needs(plan: Plan) -> Iterator[str]:
    for workspace in plan.workspaces if plan.closed else []:
        rules = (workspace["properties"].get("managedNetwork") or {}).get("outboundRules", {}).values()
        reached = {service for _, service, _ in plan.outbound}
        for service in sorted({"blob", "dfs", "queue", "table"} - reached):
            yield f"{workspace['name']}: jobs cannot reach {service}"
        for each in rules:
            if each["type"] == "FQDN" and "*" in each["destination"]:
                yield f"{workspace['name']}: jobs may reach {each['destination']}"


@rule(
    "facts 30 and 33: what a closed target takes from the registry of models, it takes through private endpoints"
)
def closed_targets_reach_the_registry_privately(plan: Plan) -> Iterator[str]:
    if not (plan.workspaces and plan.whole):
        return
    registries = {each.scope for each in plan.grants if kind_of(each.scope) == MODELS}
    reached = {id_ for id_, service, _ in plan.outbound if service == "amlregistry"}
    found = {id_ for id_, service in plan.inbound if service == "amlregistry"}
    if len(reached) != plan.closed:
        yield f"jobs and deployments reach {len(reached)} registries"
    if reached != registries:
        yield f"the workspace may approve endpoints to {sorted(registries)}, and asks for {sorted(reached)}"
    if found != (reached if plan.target == "prod" else set()):
        yield f"runners find {sorted(found)}"


@rule("Microsoft's 'Workspace managed virtual network isolation': its computes cannot be in a subnet of one's own")
def serverless_jobs_are_in_the_managed_network(plan: Plan) -> Iterator[str]:
    for workspace in plan.workspaces:
        settings = workspace["properties"].get("serverlessComputeSettings") or {}
        if settings.get("serverlessComputeCustomSubnet"):
            yield f"{workspace['name']}: a subnet beside the managed network is refused"
        # azurerm_machine_learning_workspace refuses it before it asks: the service would.
        if settings.get("serverlessComputeNoPublicIP") and plan.target == "prod":
            yield f"{workspace['name']}: no-public-IP without a subnet is refused in a private workspace"
