"""Who can reach what."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, Plan
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
    made: dict[str, set[str]] = {}
    for each in plan.of("Microsoft.Network/privateEndpoints"):
        for connection in each["properties"]["privateLinkServiceConnections"]:
            link = connection["properties"]
            made.setdefault(link["privateLinkServiceId"], set()).update(link["groupIds"])
    for kind in (STORAGE, VAULT, REGISTRY, ML):
        for each in plan.of(kind):
            plain = "lake" if each["properties"].get("isHnsEnabled") else "plain storage"
            needed = GROUPS[plain if kind == STORAGE else kind]
            for group in sorted(needed - made.get(each["id"], set())):
                yield f"{each['name']} has no private endpoint for {group}"
    zones = {
        each["name"].split("/")[0]: len(each["properties"]["privateDnsZoneConfigs"])
        for each in plan.of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    }
    for each in plan.of("Microsoft.Network/privateEndpoints"):
        if zones.get(each["name"], 0) < (2 if each["name"].endswith("amlworkspace") else 1):
            yield f"{each['name']} is not in its zones"


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
        reached = {each["destination"]["subresourceTarget"] for each in rules if each["type"] == "PrivateEndpoint"}
        for service in sorted({"blob", "dfs", "queue", "table"} - reached):
            yield f"{workspace['name']}: jobs cannot reach {service}"
        for each in rules:
            if each["type"] == "FQDN" and "*" in each["destination"]:
                yield f"{workspace['name']}: jobs may reach {each['destination']}"
