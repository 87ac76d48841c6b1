"""What a deployment costs, at rest and in use: the resources of its snapshot times infra/prices.toml.

`python -m mlops.infra.costs SNAPSHOT.json …` writes docs/costs.md; `make infra-docs` does it for every target.
"""

from __future__ import annotations

import json
import math
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ..errors import BadInput, MlopsError

Resource = dict[str, Any]
Bill = Iterator[tuple[str, float]]
"""What is billed (a row of the price table), and how many units of it."""

PRICES = Path(__file__).parents[3] / "infra" / "prices.toml"
HOURS = 730
DAYS = 365 / 12
NODES_A_BALANCER = 50
FREE_LOG_DAYS = 31

HEAD = """# Costs

Made by `make infra-docs` from the reviewed snapshots of the deployments and `infra/prices.toml`; a test compares
them.

List prices in {currency} for `{region}`, put together on {date}, without tax. A ≈ stands before what is not from
a record of Azure's own price list for this region, and no number has been compared with an invoice. A month has
{hours} hours.

At rest means: deployed, no job, no deployment behind the endpoint, nothing stored, no logs. What is free up to
an amount for a whole account (5 GB of logs, 10 watched metrics) is not taken off. Not in here: transactions, data
that leave Azure, building images, Spark, and what an attached Kubernetes cluster costs where it is.
"""
QUOTA = """An online deployment needs quota for 20 % more instances than it has, rounded up: a reserve for
upgrades. Only the instances that were asked for are billed.
"""


@dataclass(frozen=True)
class Price:
    """A row of the table: what one unit costs, and where that is known from."""

    what: str
    unit: str
    price: float
    source: str
    found: str
    seen: date
    certainty: str


@dataclass(frozen=True)
class Prices:
    """The price table, and the types of resource that are free, with the reason."""

    date: date
    currency: str
    region: str
    prices: dict[str, Price]
    free: dict[str, str]

    def __getitem__(self, name: str) -> Price:
        if name not in self.prices:
            raise BadInput(f"infra/prices.toml has no price for {name!r}", f'add [prices."{name}"] to it')
        return self.prices[name]


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


def load(path: Path = PRICES) -> Prices:
    """The price table. Raises BadInput."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = {name: Price(**row) for name, row in table.pop("prices").items()}
        return Prices(prices=rows, **table)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is not a price table: {error}") from error


def snapshot(path: Path) -> list[Resource]:
    """The resources of a reviewed snapshot, or of one that `bicep snapshot` wrote. Raises BadInput."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        resources: list[Resource] = document.get("resources") or document["predictedResources"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise BadInput(f"{path} is not a snapshot: {error}", "`bicep snapshot` writes one") from error
    return resources


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


def render(deployments: dict[str, list[Resource]], prices: Prices) -> str:
    """The whole page, from the resources of each deployment by its name."""
    rest = {name: at_rest(resources, prices) for name, resources in deployments.items()}
    summary = [
        f"| {name} | {_money(rest[name])} | {_limit(budget(resources))} |"
        for name, resources in deployments.items()
    ]
    sections = [
        HEAD.format(currency=prices.currency, region=prices.region, date=prices.date, hours=HOURS),
        _table("deployment | a month at rest | budget of a month", summary),
        QUOTA,
    ]
    for name, resources in deployments.items():
        sections.append(f"## {name}\n")
        if rest[name]:
            sections.append(_table("at rest | what is billed | units | a month", map(_rest, rest[name])))
        if used := in_use(resources, prices):
            rows = (f"| {each.what} | {_money([each])} |" for each in used)
            sections.append(_table("in use | costs", rows))
        if not rest[name] and not used:
            sections.append("Nothing in it is billed.\n")
    sections += [
        "## Prices\n",
        _table("what | price | known from | day | certainty", map(_price, prices.prices.values())),
    ]
    sections += ["## Free\n", _table("type | why", (f"| {kind} | {why} |" for kind, why in prices.free.items()))]
    return "\n".join(sections)


def _table(head: str, rows: Iterable[str]) -> str:
    return "\n".join([f"| {head} |", f"|{' --- |' * len(head.split(' | '))}", *rows]) + "\n"


def _rest(charge: Charge) -> str:
    units = f"{charge.quantity:,.10g}" if charge.quantity == int(charge.quantity) else f"{charge.quantity:,.2f}"
    return f"| {charge.what} | {charge.price.what} | {units} × {charge.price.unit} | {_money([charge])} |"


def _price(price: Price) -> str:
    known = f"{price.source}: {price.found}"
    return f"| {price.what} | {price.price} / {price.unit} | {known} | {price.seen} | {price.certainty} |"


def _money(charges: list[Charge]) -> str:
    total = sum(each.amount for each in charges)
    sure = all(each.price.certainty == "recorded" for each in charges)
    return ("" if sure else "≈ ") + (f"{total:,.2f}" if total == 0 or total >= 0.1 else f"{total:.3f}")


def _limit(amount: float | None) -> str:
    return "–" if amount is None else f"{amount:,.0f}"


if __name__ == "__main__":
    try:
        files = [Path(name) for name in sys.argv[1:]]
        sys.stdout.write(render({file.stem: snapshot(file) for file in files}, load()))
    except MlopsError as error:
        sys.exit(f"{error}\n{error.hint}".strip())
