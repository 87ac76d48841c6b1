"""The subscription: whether az is logged in to it, what the person may do in it, what is registered and exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..errors import BadInput, ServiceFailed
from ..findings import Findings
from ..tools import Calls
from .plan import ML, Wanted

PLACEHOLDER = re.compile(r"^0{8}-")
"""The subscription that mlops.toml has before the first bootstrap."""
ML_API = "2025-06-01"
PROVIDERS = (
    "Microsoft.MachineLearningServices",
    "Microsoft.Storage",
    "Microsoft.KeyVault",
    "Microsoft.Insights",
    "Microsoft.OperationalInsights",
    "Microsoft.ContainerRegistry",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    # No resource of ours is theirs, but the first endpoint fails without them, and Azure does not name them.
    "Microsoft.PolicyInsights",
    "Microsoft.Cdn",
)
ACTIONS = (
    "Microsoft.Resources/deployments/write",
    "Microsoft.Resources/deploymentStacks/write",
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.MachineLearningServices/workspaces/write",
    "Microsoft.MachineLearningServices/register/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/policyAssignments/write",
    "Microsoft.Authorization/policyDefinitions/write",
)
"""What the two deployments do that a lesser role forbids."""


@dataclass(frozen=True)
class Account:
    """The subscription, and who is logged in to it."""

    subscription: str
    name: str
    tenant: str
    user: str
    kind: str


@dataclass(frozen=True)
class Standing:
    """What is there already, of this target."""

    group: bool
    existing: frozenset[tuple[str, str]] = frozenset()
    endpoint: bool = False
    budgets: frozenset[str] = frozenset()

    def has(self, resource: dict[str, Any]) -> bool:
        return (resource["type"].lower(), resource["name"].lower()) in self.existing


def account(calls: Calls, asked: str | None, configured: str | None) -> Account:
    """The account to use: the one asked for, or configured, or else the one that az is set to. Raises BadInput."""
    found = calls.read("az", "account", "show")
    wanted = asked or ("" if not configured or PLACEHOLDER.match(configured) else configured)
    if wanted and wanted.lower() != found["id"].lower():
        try:
            found = calls.read("az", "account", "show", "--subscription", wanted)
        except ServiceFailed as error:
            raise BadInput(
                f"az is not logged in to the subscription {wanted}",
                "az account list shows those it is; az login --tenant …, or --subscription, or mlops.toml",
            ) from error
    if found["state"] != "Enabled":
        raise BadInput(f"the subscription {found['name']} is {found['state']}", "only an enabled one can be used")
    user = found["user"]
    return Account(found["id"], found["name"], found["tenantId"], user["name"], user["type"])


def rest(calls: Calls, path: str, version: str) -> list[dict[str, Any]]:
    """All items of a list of Azure Resource Manager, page after page."""
    items, url = [], f"{path}?api-version={version}"
    while url:
        page = calls.read("az", "rest", "--method", "get", "--url", url)
        items += page["value"]
        url = page.get("nextLink") or ""
    return items


def rights(calls: Calls, findings: Findings, account: Account) -> None:
    """Whether the person may deploy both templates.

    Asked as effective permissions: they count groups and what was inherited, and need no right in the directory.
    """
    path = f"/subscriptions/{account.subscription}/providers/Microsoft.Authorization/permissions"
    held = rest(calls, path, "2022-04-01")
    lacking = [action for action in ACTIONS if not allowed(held, action)]
    if lacking:
        findings.lacks(
            f"{account.user} has no right over the subscription {account.name} to {', '.join(lacking)}",
            "be its Owner, or Contributor and User Access Administrator; a new role counts after az login",
        )
    else:
        findings.good(f"{account.user} may deploy and grant in the subscription {account.name}")


def allowed(permissions: list[dict[str, Any]], action: str) -> bool:
    """Whether any of the roles grants the action and does not take it back."""
    return any(
        any(_matches(pattern, action) for pattern in each["actions"])
        and not any(_matches(pattern, action) for pattern in each["notActions"])
        for each in permissions
    )


def _matches(pattern: str, action: str) -> bool:
    """As Azure matches: case does not count, and `/*/` stands for no segment, too."""
    text = re.escape(pattern).replace(r"/\*/", "/(?:.*/)?").replace(r"\*", ".*")
    return re.fullmatch(text, action, re.IGNORECASE) is not None


def providers(calls: Calls, account: Account) -> dict[str, dict[str, Any]]:
    """The resource providers of the subscription by their names in lower case."""
    listed = calls.read("az", "provider", "list", "--subscription", account.subscription)
    return {each["namespace"].lower(): each for each in listed}


def unregistered(known: dict[str, dict[str, Any]]) -> list[str]:
    """Those that are needed and not registered."""
    return [name for name in PROVIDERS if known.get(name.lower(), {}).get("registrationState") != "Registered"]


def region(known: dict[str, dict[str, Any]], findings: Findings, location: str) -> None:
    """Whether Azure ML is in the region. Whether the region takes this subscription, only a deployment tells."""
    kinds = known.get("microsoft.machinelearningservices", {}).get("resourceTypes", [])
    offered = {
        place.lower().replace(" ", "")
        for kind in kinds
        if kind["resourceType"].lower() == "workspaces"
        for place in kind["locations"]
    }
    if location.lower().replace(" ", "") in offered:
        findings.good(f"Azure ML is in the region {location}")
    else:
        findings.lacks(f"Azure ML is not in the region {location}", "another --location, for example westeurope")


def standing(calls: Calls, account: Account, wanted: Wanted) -> Standing:
    """What is there of the target. A name that is ours already is not taken."""
    of = ("--subscription", account.subscription)
    if not calls.read("az", "group", "exists", "--name", wanted.group, *of):
        return Standing(group=False)
    listed = calls.read("az", "resource", "list", "--resource-group", wanted.group, *of)
    existing = frozenset((each["type"].lower(), each["name"].lower()) for each in listed)
    group = f"/subscriptions/{account.subscription}/resourceGroups/{wanted.group}/providers"
    budgets = rest(calls, f"{group}/Microsoft.Consumption/budgets", "2023-11-01")
    endpoint = False
    if (ML.lower(), wanted.settings["workspace"].lower()) in existing:
        path = f"{group}/{ML}/{wanted.settings['workspace']}/onlineEndpoints"
        endpoint = any(_made(each, wanted.settings["endpoint"]) for each in rest(calls, path, ML_API))
    return Standing(True, existing, endpoint, frozenset(each["name"].lower() for each in budgets))


def _made(endpoint: dict[str, Any], name: str) -> bool:
    """Whether the endpoint is there. One that failed at its creation is made anew, one with traffic never."""
    properties = endpoint["properties"]
    usable = properties.get("provisioningState") != "Failed" or any((properties.get("traffic") or {}).values())
    return bool(endpoint["name"].lower() == name.lower() and usable)


def budget(findings: Findings, wanted: Wanted, standing: Standing, target: str, today: date) -> None:
    """A budget is refused that starts in a month that has passed; one that is there keeps its date for ever."""
    for each in wanted.of("Microsoft.Consumption/budgets"):
        start = str(each["properties"]["timePeriod"]["startDate"])[:10]
        this_month = today.replace(day=1).isoformat()
        if start < this_month and each["name"].lower() not in standing.budgets:
            findings.lacks(
                f"the budget {each['name']} is to start on {start}, a month that has passed",
                f"set startDate to '{this_month}' in infra/main.{target}.bicepparam, and never again",
            )
