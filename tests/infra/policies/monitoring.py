"""Logs, and whom to wake."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, Plan, scope_of
from ._rule import rule
from .data import REGISTRY, STORAGE, VAULT

LOGS = "Microsoft.OperationalInsights/workspaces"
ALERTS = "Microsoft.Insights/metricAlerts"


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
    for each in plan.of("Microsoft.Insights/components"):
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
