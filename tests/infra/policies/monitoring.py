"""Logs, and whom to wake."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, MODELS, Plan, before, listed, scope_of, templates
from ._rule import rule
from .data import REGISTRY, STORAGE, VAULT

LOGS = "Microsoft.OperationalInsights/workspaces"
ALERTS = "Microsoft.Insights/metricAlerts"
INSIGHTS = "Microsoft.Insights/components"
LINK = "Microsoft.Insights/privateLinkScopes"


@rule("PSRule Azure.KeyVault.Logs and Azure.ACR.Logs; Azure Policy afe0c3be-ba3b-4544-ba52-0c99672a8ad6")
def everything_logs(plan: Plan) -> Iterator[str]:
    settings = {scope_of(each): each["properties"] for each in plan.of("Microsoft.Insights/diagnosticSettings")}
    logs = {each["id"] for each in plan.of(LOGS)}
    for kind in (
        STORAGE,
        f"{STORAGE}/blobServices",
        VAULT,
        REGISTRY,
        LOGS,
        ML,
        MODELS,
        "Microsoft.Network/virtualNetworks",
    ):
        for each in plan.of(kind):
            setting = settings.get(each["id"], {})
            sent = [*setting.get("logs", []), *setting.get("metrics", [])]
            if setting.get("workspaceId") not in logs or not sent or not all(entry["enabled"] for entry in sent):
                yield f"{each['name']} logs nothing"
    if plan.workspaces and not any(
        f"{ML}/".lower() in scope.lower() and "onlineEndpoints" in scope for scope in settings
    ):
        yield "the endpoint logs nothing"


@rule("PSRule Azure.AppInsights.Workspace; fact 8: the classic kind of Application Insights is refused")
def insights_keep_their_data_in_the_logs(plan: Plan) -> Iterator[str]:
    logs = {each["id"] for each in plan.of(LOGS)}
    for each in plan.of(INSIGHTS):
        if each["properties"].get("WorkspaceResourceId") not in logs:
            yield f"{each['name']} is classic"


@rule("house rule: logs have a retention, a cap and no keys")
def logs_are_kept_and_capped(plan: Plan) -> Iterator[str]:
    for each in plan.of(LOGS):
        if each["properties"].get("retentionInDays", 0) < (365 if plan.target == "prod" else 30):
            yield f"{each['name']} forgets after {each['properties'].get('retentionInDays')} days"
        if each["properties"].get("workspaceCapping", {}).get("dailyQuotaGb", -1) <= 0:
            yield f"{each['name']} may grow without a limit"
        if each["properties"].get("features", {}).get("disableLocalAuth") is not True:
            yield f"{each['name']} takes logs from whoever has its key"


@rule("Microsoft's 'Design Azure Monitor Private Link configuration'; house rule: no public access in prod")
def prod_takes_logs_from_its_own_network_only(plan: Plan) -> Iterator[str]:
    if plan.target != "prod":
        return
    sources = [*plan.of(LOGS), *plan.of(INSIGHTS)]
    linked = {each["properties"]["linkedResourceId"] for each in plan.of(f"{LINK}/scopedResources")}
    for each in sources:
        if each["properties"].get("publicNetworkAccessForIngestion") != "Disabled":
            yield f"{each['name']} takes logs from everywhere"
        if each["id"] not in linked:
            yield f"{each['name']} takes no logs at all"
    if len(links := plan.of(LINK)) != 1:
        yield f"there are {len(links)} private link scopes: a network takes one"
    for link in links:
        if link["properties"]["accessModeSettings"].get("ingestionAccessMode") != "PrivateOnly":
            yield f"{link['name']} lets telemetry out to anyone's logs"
        # Its five zones: without that for blobs, or for agents, part of the traffic goes to the public address.
        if plan.inbound.get((link["id"], "azuremonitor"), 0) != 5:
            yield f"{link['name']} is not found in its five zones"
        if (link["id"], "azuremonitor", False) not in plan.outbound:
            yield f"{link['name']}: deployments cannot send their telemetry"


@rule("azurerm #22236: a scope takes one change at a time, and its endpoint has the names of its parts")
def private_link_scopes_change_one_at_a_time(plan: Plan) -> Iterator[str]:
    for template in templates(plan.template):
        resources = listed(template)
        for name, each in resources.items():
            if each["type"] != f"{LINK}/scopedResources":
                continue
            if each.get("copy", {}).get("mode") != "serial":
                yield f"{name} are linked side by side"
            waiting = [other for other in resources if name in before(template, other)]
            if not any(resources[other]["type"] == "Microsoft.Resources/deployments" for other in waiting):
                yield f"the endpoint does not wait for {name}"


@rule("house rule: an alert without an action wakes nobody")
def alerts_reach_someone(plan: Plan) -> Iterator[str]:
    groups = {
        each["id"]: each["properties"]["enabled"] and each["properties"]["emailReceivers"]
        for each in plan.of("Microsoft.Insights/actionGroups")
    }
    for alert in plan.of(ALERTS):
        if not any(groups.get(action["actionGroupId"]) for action in alert["properties"].get("actions", [])):
            yield f"{alert['name']} reaches nobody"
        if not alert["properties"]["enabled"] and (plan.target == "prod" or not alert["name"].endswith("silent")):
            yield f"{alert['name']} is off"


@rule("facts 101 and 102: failures of the container are 424, and only the status shows 408 and 429")
def alerts_cover_every_way_to_fail(plan: Plan) -> Iterator[str]:
    if not plan.workspaces:
        return
    seen: set[str] = set()
    for alert in plan.of(ALERTS):
        for criterion in alert["properties"]["criteria"]["allOf"]:
            seen.add(criterion["metricName"])
            seen.update(value for each in criterion["dimensions"] for value in each["values"])
            if criterion["operator"] == "LessThanOrEqual":
                seen.add("silence")
    asked = {"424", "408", "429", "5xx", "RequestLatency_P95", "silence", "Failed Runs", "Queued Runs"}
    yield from (f"nobody hears of {each}" for each in sorted(asked - seen))
