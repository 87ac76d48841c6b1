"""What is billed of each resource, at rest and in use."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import BadInput
from ..infra.bicep import Resource
from .prices import Price, Prices

Bill = Iterator[tuple[str, float]]
"""What is billed (a row of the price table), and how many units of it."""

HOURS = 730
DAYS = 365 / 12
NODES_A_BALANCER = 50
FREE_LOG_DAYS = 31


@dataclass(frozen=True)
class Charge:
    """Units of one price that these resources take: in a month at rest, or for what `what` says."""

    resources: tuple[str, ...]
    price: Price
    quantity: float
    what: str

    @property
    def amount(self) -> float:
        return self.quantity * self.price.price


def at_rest(resources: list[Resource], prices: Prices) -> list[Charge]:
    """What a month costs in which nothing runs. Raises BadInput for a type that is neither priced nor free."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for each in resources:
        kind = each["type"]
        if kind not in BILLED and kind not in prices.free:
            raise BadInput(f"infra/prices.toml does not say what {kind} costs", "if nothing, list it under [free]")
        for name, quantity in BILLED[kind](each) if kind in BILLED else ():
            if quantity:
                found.setdefault((kind, name), []).append((each["name"], quantity))
    charges = [
        Charge(
            tuple(name for name, _ in rows),
            prices[price],
            sum(quantity for _, quantity in rows),
            rows[0][0] if len(rows) == 1 else f"{len(rows)} {kind.rsplit('/', 1)[1]}",
        )
        for (kind, price), rows in found.items()
    ]
    return sorted(charges, key=lambda each: -each.amount)


def in_use(resources: list[Resource], prices: Prices) -> list[Charge]:
    """Examples of what is paid on top, as far as these resources make it possible."""
    return [
        Charge((each["name"],), prices[name], quantity, use)
        for each in resources
        if each["type"] in USED
        for use, name, quantity in USED[each["type"]](each)
    ]


def budget(resources: list[Resource]) -> float | None:
    amounts = [each["properties"]["amount"] for each in resources if each["type"].endswith("/budgets")]
    return float(amounts[0]) if amounts else None


def _registry(resource: Resource) -> Bill:
    yield f"registry {resource['sku']['name']}", DAYS


def _model_registry(resource: Resource) -> Bill:
    for region in resource["properties"]["regionDetails"]:
        for images in region["acrDetails"]:
            yield f"registry {images['systemCreatedAcrAccount']['acrAccountSku']}", DAYS


def _workspace(resource: Resource) -> Bill:
    """It is free itself; its managed network has endpoints to what it is linked to and to what the rules name."""
    properties = resource["properties"]
    network = properties.get("managedNetwork") or {}
    if network.get("isolationMode", "Disabled") == "Disabled":
        return
    rules = list((network.get("outboundRules") or {}).values())
    linked = 1 + 2 + bool(properties.get("keyVault")) + bool(properties.get("containerRegistry"))
    yield "private endpoint", HOURS * (linked + sum(rule["type"] == "PrivateEndpoint" for rule in rules))
    if any(rule["type"] == "FQDN" for rule in rules):
        yield f"firewall {network.get('firewallSku', 'Standard')}", HOURS


def _compute(resource: Resource) -> Bill:
    if resource["properties"]["computeType"] == "AmlCompute":
        scale = resource["properties"]["properties"]["scaleSettings"]
        yield "cluster load balancer", DAYS * math.ceil(scale["maxNodeCount"] / NODES_A_BALANCER)
        yield _node(resource), HOURS * scale["minNodeCount"]
        yield "node disk", float(scale["minNodeCount"])


def _node(cluster: Resource) -> str:
    nodes = cluster["properties"]["properties"]
    return str(nodes["vmSize"]) + (" low priority" if nodes["vmPriority"] == "LowPriority" else "")


def _alert(resource: Resource) -> Bill:
    """One series for each combination of the values that it looks at."""
    for criterion in resource["properties"]["criteria"]["allOf"]:
        yield "watched metric", math.prod(len(each["values"]) for each in criterion.get("dimensions") or [])


def _by_use(_: Resource) -> Bill:
    return iter(())


BILLED: dict[str, Callable[[Resource], Bill]] = {
    "Microsoft.ContainerRegistry/registries": _registry,
    "Microsoft.Insights/metricAlerts": _alert,
    "Microsoft.KeyVault/vaults": _by_use,
    "Microsoft.MachineLearningServices/registries": _model_registry,
    "Microsoft.MachineLearningServices/workspaces": _workspace,
    "Microsoft.MachineLearningServices/workspaces/computes": _compute,
    "Microsoft.Network/privateDnsZones": lambda _: iter([("private zone", 1.0)]),
    "Microsoft.Network/privateEndpoints": lambda _: iter([("private endpoint", float(HOURS))]),
    "Microsoft.OperationalInsights/workspaces": _by_use,
    "Microsoft.Storage/storageAccounts": _by_use,
}
"""What each type of resource costs in a month at rest."""

Examples = Iterator[tuple[str, str, float]]
"""What is done, the row of the price table, and how many units of it."""


def _job(cluster: Resource) -> Examples:
    if cluster["properties"]["computeType"] == "AmlCompute":
        size, name = _node(cluster), cluster["name"].rsplit("/", 1)[1]
        yield f"an hour of a job on one node of `{name}` ({size})", size, 1
        yield "the disk of that node", "node disk", 1 / HOURS


def _instances(assignment: Resource) -> Examples:
    for size in (assignment["properties"].get("parameters") or {}).get("sizes", {}).get("value", []):
        yield f"a month of one instance of {size} behind the endpoint", size, HOURS


def _logs(resource: Resource) -> Examples:
    properties = resource["properties"]
    yield "1 GB of logs", "logs", 1
    if (longer := properties["retentionInDays"] - FREE_LOG_DAYS) > 0:
        yield f"that GB, kept for {properties['retentionInDays']} days", "logs kept", longer / DAYS
    quota = properties["workspaceCapping"]["dailyQuotaGb"]
    yield f"a month of logs at the daily limit of {quota} GB: the most there can be", "logs", quota * DAYS


def _stored(account: Resource) -> Examples:
    if account["properties"].get("isHnsEnabled"):
        yield "a month of 100 GB in the lake", f"{account['sku']['name']} lake", 100
    else:
        yield "a month of 100 GB in the workspace's storage", account["sku"]["name"], 100


def _network(workspace: Resource) -> Examples:
    network = workspace["properties"].get("managedNetwork") or {}
    if network.get("isolationMode", "Disabled") != "Disabled":
        yield "100 GB through the private endpoints of the managed network", "private traffic", 100
        if not any(rule["type"] == "FQDN" for rule in (network.get("outboundRules") or {}).values()):
            firewall = f"firewall {network.get('firewallSku', 'Standard')}"
            yield "a month with a first host in `approvedHosts`", firewall, HOURS


USED: dict[str, Callable[[Resource], Examples]] = {
    "Microsoft.Authorization/policyAssignments": _instances,
    "Microsoft.KeyVault/vaults": lambda _: iter([("10,000 readings of a secret", "vault operations", 1.0)]),
    "Microsoft.MachineLearningServices/workspaces": _network,
    "Microsoft.MachineLearningServices/workspaces/computes": _job,
    "Microsoft.OperationalInsights/workspaces": _logs,
    "Microsoft.Storage/storageAccounts": _stored,
}
