"""Which permissions a request asks for, by its method and address: tables, and one generic rule."""

from __future__ import annotations

import re
from typing import Any

from ..ids import PROVIDER, RESOURCES, ResourceId
from ..requests import Call
from .decision import Need

ML = f"{PROVIDER}/workspaces"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"
VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}

SUBMISSION = (
    f"{ML}/environments/build/action",
    f"{ML}/environments/readSecrets/action",
    f"{ML}/metadata/artifacts/write",
)
"""What any job needs besides `jobs/write`. Source: learn.microsoft.com, how-to-assign-roles, 2026-01."""
PIPELINE_SUBMISSION = (f"{ML}/endpoints/pipelines/write", f"{ML}/pipelinedrafts/write")
"""What a pipeline needs besides. Source: the same page."""

EITHER = {
    f"{ML}/{kind}/versions/startPendingUpload".lower(): (
        f"{ML}/{kind}/versions/write",
        f"{ML}/{kind}/versions/startPendingUpload/action",
    )
    for kind in ("codes", "data", "models", "environments")
}
"""Operations that are not in Azure's list of actions: nobody has reported a refusal, so either name will do."""

LINKED: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        (
            "identity.userAssignedIdentities.{key}",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        ),
    ),
    "Microsoft.Insights/diagnosticSettings": (
        ("properties.workspaceId", "Microsoft.OperationalInsights/workspaces/sharedKeys/action"),
    ),
    "Microsoft.Network/virtualNetworks": (
        (
            "properties.subnets.*.properties.networkSecurityGroup.id",
            "Microsoft.Network/networkSecurityGroups/join/action",
        ),
    ),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": (
        ("properties.virtualNetwork.id", "Microsoft.Network/virtualNetworks/join/action"),
    ),
    "Microsoft.Network/privateEndpoints": (
        ("properties.subnet.id", "Microsoft.Network/virtualNetworks/subnets/join/action"),
        (
            "properties.privateLinkServiceConnections.*.properties.privateLinkServiceId",
            "{type}/privateEndpointConnectionsApproval/action",
        ),
    ),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": (
        (
            "properties.privateDnsZoneConfigs.*.properties.privateDnsZoneId",
            "Microsoft.Network/privateDnsZones/join/action",
        ),
    ),
}
"""Actions on the resources that a body names, by the type of the body's own resource ("": any)."""

TRACKING = tuple(
    (re.compile(rf"{methods} /api/[23]\.0/mlflow/{path}"), f"{ML}/{action}")
    for methods, path, action in (
        ("GET", "registered-models/alias$", "models/read"),
        (r"\w+", "(registered-models|model-versions)/(get|search|list)", "models/read"),
        (r"\w+", "(registered-models|model-versions)", "models/write"),
        (r"\w+", "experiments/(get|search|list)", "experiments/read"),
        (r"\w+", "experiments", "experiments/write"),
        (r"\w+", "(runs/(get|search)|metrics/|artifacts/list)", "experiments/runs/read"),
    )
)
"""What MLflow's own addresses ask for, by method and path; the first row that fits. All others write to a run."""


def of_resource(call: Call, id: ResourceId) -> list[Need]:  # noqa: A002
    """The permissions that a request on an ARM id asks for."""
    type_ = id.full_type if id.pairs else id.provider
    if id.provider == RESOURCES and type_.lower().endswith("/resourcegroups"):
        type_ = f"{RESOURCES}/subscriptions/resourceGroups"
    if id.provider == RESOURCES and not id.pairs:
        type_ = f"{RESOURCES}/subscriptions"
    if call.method == "POST":
        named = f"{type_}/{id.tail}"
        return [Need(EITHER.get(named.lower(), (f"{named}/action",)), str(id.resource))]
    kind = f"{type_}/{id.tail}" if id.tail else type_
    scope = id.resource if id.pairs else id.scope
    need = Need((f"{kind}/{VERBS[call.method]}",), str(scope), attributes=_attributes(call, id))
    more = [Need((each,), str(id.workspace)) for each in _of_submission(call, id)]
    return [need, *more, *(_linked(call, id) if call.method == "PUT" else ())]


def _of_submission(call: Call, id: ResourceId) -> tuple[str, ...]:  # noqa: A002
    if call.method != "PUT" or id.type.lower() != "workspaces/jobs":
        return ()
    is_pipeline = (call.json().get("properties") or {}).get("jobType") == "Pipeline"
    return (*SUBMISSION, *(PIPELINE_SUBMISSION if is_pipeline else ()))


def _attributes(call: Call, id: ResourceId) -> dict[str, str]:  # noqa: A002
    """What conditions of role assignments may speak of."""
    if id.full_type.lower() != "microsoft.authorization/roleassignments" or id.tail:
        return {}
    values = call.json().get("properties") if call.method == "PUT" else None
    if values is None:
        found = call.context.store.get(id)
        values = (found.body.get("properties") if found else None) or {}
    prefix = "microsoft.authorization/roleassignments:"
    return {
        f"{prefix}roledefinitionid": str(values.get("roleDefinitionId", "")).rsplit("/", 1)[-1],
        f"{prefix}principalid": str(values.get("principalId", "")),
        f"{prefix}principaltype": str(values.get("principalType", "")),
    }


def _linked(call: Call, id: ResourceId) -> list[Need]:  # noqa: A002
    needs = []
    for kind in ("", id.full_type):
        for path, action in LINKED.get(kind, ()):
            for text in _values(call.json(), path.split(".")):
                linked = ResourceId.parse(text)
                if linked is not None:
                    named = action.format(type=linked.full_type)
                    needs.append(Need((named,), str(linked), linked=True))
    return needs


def _values(body: Any, path: list[str]) -> list[str]:
    """The texts at a path of a body; `*` is every member of a list, `{key}` every name of an object."""
    if not path:
        return [body] if isinstance(body, str) else []
    first, *rest = path
    if first == "*":
        return [text for each in body or () for text in _values(each, rest)]
    if first == "{key}":
        return list(body or {})
    return _values(body.get(first), rest) if isinstance(body, dict) else []


def of_blob(call: Call, account: str, *, is_container: bool) -> list[Need]:
    """The permissions that a request to blob storage asks for."""
    if is_container and call.method == "PUT":
        return [Need((f"{BLOBS}/write",), account)]
    return [Need((f"{BLOBS}/blobs/{VERBS[call.method]}",), account, data=True)]


def of_history(call: Call, workspace: str) -> list[Need]:
    """The permissions that a request to run history asks for: `rundata` and `details` are read by POST too."""
    verb = "write" if call.method == "PATCH" else "read"
    return [Need((f"{ML}/experiments/runs/{verb}",), workspace)]


def of_tracking(method: str, path: str, workspace: str) -> list[Need]:
    """The permissions that a request to the tracking server asks for."""
    asked = f"{method} {path}"
    fitting = (action for pattern, action in TRACKING if pattern.match(asked))
    return [Need((next(fitting, f"{ML}/experiments/runs/write"),), workspace)]
