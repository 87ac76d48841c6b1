"""Tags, locks, policies and money."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..plan import ML, Plan, kind_of, scope_of
from ._rule import rule
from .data import REGISTRY, STORAGE, VAULT

LOCKS = "Microsoft.Authorization/locks"
TAGS = {"owner", "costCentre", "workload", "target"}
UNTAGGED = {
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    f"{ML}/datastores",
    "Microsoft.Insights/privateLinkScopes/scopedResources",
}
REQUIRED_TAG = "871b6d14-10aa-478d-b590-94f262ecfa99"
NETWORK = {"Microsoft.Network/virtualNetworks", "Microsoft.Network/privateEndpoints"}
ASKED = {
    "e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f": "local authentication",
    "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54": "shared keys",
    "4fa4b6c0-31ca-4c0d-b10d-24b96f62a751": "public blobs",
}


@rule("PSRule Azure.Resource.UseTags and Azure.Group.RequiredTags")
def everything_has_its_tags(plan: Plan) -> Iterator[str]:
    for each in plan.resources:
        bare = each["type"].startswith(("Microsoft.Authorization/", "Microsoft.Consumption/"))
        part = each["type"].startswith(f"{STORAGE}/") or each["type"].endswith("/diagnosticSettings")
        if bare or part or each["type"] in UNTAGGED:
            continue
        tags = each.get("tags") or {}
        if not tags.keys() >= TAGS or not all(tags[name] for name in TAGS):
            yield f"{each['name']} lacks {sorted(TAGS - tags.keys())}"
        elif tags["target"] != plan.target:
            yield f"{each['name']} says that it is of {tags['target']}"


@rule("PSRule Azure.Resource.AllowedRegions")
def everything_is_in_one_region(plan: Plan) -> Iterator[str]:
    regions = {each["location"] for each in plan.resources if each.get("location", "global") != "global"}
    if len(regions) > 1:
        yield f"resources are in {sorted(regions)}"


@rule("house rule: a lock on prod; a lock on the workspace would stop releases from deleting deployments")
def what_holds_data_is_locked_in_prod_only(plan: Plan) -> Iterator[str]:
    locked = {scope_of(each): each["properties"]["level"] for each in plan.of(LOCKS)}
    for scope in locked:
        if plan.target != "prod" or kind_of(scope) in {ML, "group", "subscription"}:
            yield f"{scope} is locked, and cannot be worked with or torn down"
    for kind in (STORAGE, VAULT, REGISTRY, "Microsoft.OperationalInsights/workspaces"):
        for each in plan.of(kind) if plan.target == "prod" else []:
            if locked.get(each["id"]) != "CanNotDelete":
                yield f"{each['name']} can be deleted"


@rule("facts 95, 97 and 98: Azure itself refuses what the template would not do")
def policies_are_in_force(plan: Plan) -> Iterator[str]:
    if not plan.workspaces:
        return
    assigned = {
        each["properties"]["policyDefinitionId"].rsplit("/", 1)[-1]: each["properties"]
        for each in plan.of("Microsoft.Authorization/policyAssignments")
    }
    for definition, what in ASKED.items():
        parameters = assigned.get(definition, {}).get("parameters", {})
        if parameters.get("effect", {}).get("value") != "Deny":
            yield f"{what} would not be refused"
    for name, properties in assigned.items():
        if properties.get("enforcementMode") != "Default":
            yield f"{name} is not enforced"
    for custom in plan.of("Microsoft.Authorization/policyDefinitions"):
        if custom["name"] not in assigned or custom["properties"]["policyRule"]["then"]["effect"] != "deny":
            yield f"{custom['name']} refuses nothing"
    if not plan.of("Microsoft.Authorization/policyDefinitions"):
        yield "every size of node is allowed"


@rule("fact 100: one assignment a tag; azure-policy #441 and #518: it refuses what Azure makes by itself, too")
def tags_are_required_of_what_people_make(plan: Plan) -> Iterator[str]:
    if not plan.workspaces:
        return
    assigned = {
        each["properties"]["parameters"]["tagName"]["value"]: each["properties"]
        for each in plan.of("Microsoft.Authorization/policyAssignments")
        if each["properties"]["policyDefinitionId"].endswith(REQUIRED_TAG)
    }
    yield from (f"the tag {tag} is not required" for tag in sorted(TAGS - {"workload"} - assigned.keys()))
    made = {each["type"] for each in plan.resources if each.get("tags")}
    for tag, properties in assigned.items():
        selectors = [each for group in properties.get("resourceSelectors", []) for each in group["selectors"]]
        kinds = {kind for each in selectors if each["kind"] == "resourceType" for kind in each.get("in", [])}
        if not kinds >= {STORAGE, VAULT, REGISTRY, ML, f"{ML}/computes"}:
            yield f"the tag {tag} is required of {sorted(kinds)} only"
        if unknown := kinds - made - NETWORK:
            yield f"the tag {tag} is required of {sorted(unknown)}, which nothing here gives it to"
        if not kinds or any("onlineEndpoints" in kind or kind.endswith("actionGroups") for kind in kinds):
            yield f"releases, or Azure itself, are refused for want of the tag {tag}"


@rule("fact 85: the start date of a budget can never be changed, so it is the same text for ever")
def budgets_start_on_a_fixed_day_and_tell(plan: Plan) -> Iterator[str]:
    if plan.workspaces and not plan.of("Microsoft.Consumption/budgets"):
        yield "there is no budget"
    for budget in plan.of("Microsoft.Consumption/budgets"):
        start = str(budget["properties"]["timePeriod"]["startDate"])
        if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])-01", start):
            yield f"{budget['name']} starts on {start}"
        notices = budget["properties"]["notifications"].values()
        told = [
            each for each in notices if each["enabled"] and (each["contactEmails"] or each.get("contactGroups"))
        ]
        if {(each["thresholdType"], each["threshold"]) for each in told} < {("Actual", 100), ("Forecasted", 100)}:
            yield f"{budget['name']} tells nobody when it is spent"


@rule("PSRule Azure.Deployment.OutputSecretValue")
def outputs_are_no_secrets(plan: Plan) -> Iterator[str]:
    text = str(plan.outputs)
    for word in (
        "listKeys",
        "listAccountSas",
        "connectionString",
        "ConnectionString",
        "primaryKey",
        "InstrumentationKey",
    ):
        if word in text:
            yield f"an output holds {word}"
