"""The workspace, its datastores and its endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, Plan, Resource, before, listed
from ._rule import rule
from .data import STORAGE

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


@rule("PSRule Azure.ML.UserManagedIdentity; fact 5: a mixed identity has a hidden one without roles")
def workspaces_work_as_one_user_assigned_identity(plan: Plan) -> Iterator[str]:
    for workspace in plan.workspaces:
        identity = workspace.get("identity", {})
        attached = sorted(name.rsplit("-", 1)[-1] for name in identity.get("userAssignedIdentities", {}))
        if identity.get("type") != "UserAssigned" or attached not in (["workspace"], ["compute", "workspace"]):
            yield f"{workspace['name']} has {identity.get('type')} identities: {attached}"
        elif not str(workspace["properties"].get("primaryUserAssignedIdentity")).endswith("-workspace"):
            yield f"{workspace['name']} does not say which identity is its own"


@rule("fact 9: with shared keys off, every job of a workspace that uses them fails")
def workspaces_use_storage_by_identity(plan: Plan) -> Iterator[str]:
    for workspace in plan.workspaces:
        if str(workspace["properties"].get("systemDatastoresAuthMode")).lower() != "identity":
            yield f"{workspace['name']} uses account keys"


@rule("Azure Policy e413671a-dd10-4cc1-a943-45b598596cb7, V1 legacy mode")
def workspaces_are_not_in_legacy_mode(plan: Plan) -> Iterator[str]:
    for workspace in plan.workspaces:
        if workspace["properties"].get("v1LegacyMode") is not False:
            yield f"{workspace['name']} is in legacy mode, or does not say"


@rule("fact 26: without a registry the first image build makes one that can never be detached")
def workspaces_have_their_parts_from_the_start(plan: Plan) -> Iterator[str]:
    made = {each["id"].lower() for each in plan.resources}
    for workspace in plan.workspaces:
        for part in ("storageAccount", "keyVault", "containerRegistry", "applicationInsights"):
            if str(workspace["properties"].get(part)).lower() not in made:
                yield f"{workspace['name']}: {part} is not part of the deployment"


@rule("fact 104: an account with a hierarchical namespace is refused as the workspace's own")
def workspace_storage_is_plain_and_the_lake_is_not(plan: Plan) -> Iterator[str]:
    accounts = {each["id"]: each for each in plan.of(STORAGE)}
    for workspace in plan.workspaces:
        own = accounts.pop(workspace["properties"].get("storageAccount"), None)
        if own and own["properties"].get("isHnsEnabled"):
            yield f"{workspace['name']}: {own['name']} has a hierarchical namespace"
        if not any(each["properties"].get("isHnsEnabled") for each in accounts.values()):
            yield f"{workspace['name']} has no lake"


@rule("fact 88: a datastore without keys says so")
def datastores_hold_no_credentials(plan: Plan) -> Iterator[str]:
    for datastore in plan.of(f"{ML}/datastores"):
        kind = datastore["properties"].get("credentials", {}).get("credentialsType")
        if kind != "None":
            yield f"{datastore['name']} holds {kind}"


@rule("fact 87: a PUT of an endpoint without its traffic silences it while every state says Succeeded")
def endpoints_are_made_once(plan: Plan) -> Iterator[str]:
    endpoints = plan.of(f"{ML}/onlineEndpoints")
    if endpoints and not plan.name.endswith("first"):
        yield f"{endpoints[0]['name']} is put again"
    for each in plan.of(f"{ML}/onlineEndpoints/deployments"):
        yield f"{each['name']} belongs to a release"


@rule("house rule: an endpoint has no keys; facts 22 to 25: its identity is the one that holds the grants")
def endpoints_know_their_callers(plan: Plan) -> Iterator[str]:
    for endpoint in plan.of(f"{ML}/onlineEndpoints"):
        if endpoint["properties"].get("authMode") != "AADToken":
            yield f"{endpoint['name']} hands out {endpoint['properties'].get('authMode')}s"
        if endpoint.get("identity", {}).get("type") != "UserAssigned":
            yield f"{endpoint['name']} has no identity of ours"


@rule("facts 6 and 7: a refused creation is remembered by name, so grants come first, then a wait")
def grants_precede_the_workspace(plan: Plan) -> Iterator[str]:
    modules = listed(plan.template)
    holding = {name: set(_made_in(module)) for name, module in modules.items()}
    for name in (name for name, kinds in holding.items() if ML in kinds):
        earlier = before(plan.template, name)
        granting = {
            each
            for each, kinds in holding.items()
            if ASSIGNMENTS in kinds and name not in before(plan.template, each)
        }
        yield from (f"{each} grants after {name}, or beside it" for each in sorted(granting - earlier))
        waits = {each for each in earlier if modules[each].get("copy", {}).get("mode") == "serial"}
        if not any(granting <= before(plan.template, each) for each in waits):
            yield f"nothing waits between the grants and {name}"


def _made_in(resource: Resource) -> Iterator[str]:
    """The type of a resource, or those of everything that a module makes."""
    if resource.get("existing"):
        return
    if nested := resource.get("properties", {}).get("template"):
        for each in listed(nested).values():
            yield from _made_in(each)
    else:
        yield resource["type"]
