"""Which permissions a request asks for, by its method and address: tables, and one generic rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..arm.errors import BadRequest
from ..arm.ids import PROVIDER, RESOURCES, ResourceId
from ..arm.paths import is_plain
from ..arm.requests import Call
from ..arm.types import Types
from ..storage import places, registries
from ..storage.accounts import account_id
from .decision import Need

ML = f"{PROVIDER}/workspaces"
ASSETS = f"{PROVIDER}/registries/assets"
WRITING = ("import", "startpendingupload")
"""What writes to a registry by POST; the rest of what is asked by POST reads."""
CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
WORKSPACE = re.compile(r"/v\d\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)", re.IGNORECASE)
VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}

NOT_OF_RUNS = Need((f"{ML}/read",), "")
"""A need that no run's own token has."""

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


KNOWN = re.compile(r"^/api/(2\.0/mlflow(-artifacts)?/|3\.0/mlflow/(traces(/|$)|server-info$))")
"""What clients of MLflow ask to track and to register. Its pages and its other parts are not theirs."""


def read_registry(id: ResourceId) -> Need:
    """The permission to read what is in a registry."""
    return Need((f"{ASSETS}/read",), str(id.workspace))


def _in_registry(call: Call, id: ResourceId) -> Need | None:
    """What is in a registry is written and read by one permission each, whatever its kind; None for other ids."""
    of_registry = id.is_ours and bool(id.pairs) and id.pairs[0][0].lower() == "registries"
    if not of_registry or not (id.tail or len(id.pairs) > 1):
        return None
    verb = VERBS.get(call.method) or ("write" if id.tail.lower() in WRITING else "read")
    return Need((f"{ASSETS}/{verb}",), str(id.workspace))


def _registries_named(call: Call) -> list[Need]:
    """Whoever names an asset of a registry must be allowed to read it there."""
    names = {found["r"] for found in map(registries.NAMED.match, _texts(call.body)) if found}
    homes = (registries.registry(call.context, name) for name in sorted(names))
    return [read_registry(home.id) for home in homes if home]


def _texts(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    for each in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _texts(each)


def of_resource(call: Call) -> list[Need]:
    """The permissions that a request on an ARM id asks for."""
    id = call.id
    if in_registry := _in_registry(call, id):
        return [in_registry, *(_registries_named(call) if call.method == "PUT" else ())]
    type_ = id.full_type if id.pairs else id.provider
    if id.provider == RESOURCES and type_.lower().endswith("/resourcegroups"):
        type_ = f"{RESOURCES}/subscriptions/resourceGroups"
    if id.provider == RESOURCES and not id.pairs:
        type_ = f"{RESOURCES}/subscriptions"
    if call.method == "POST":
        named = f"{type_}/{id.tail}"
        return [Need(EITHER.get(named.lower(), (f"{named}/action",)), str(id.resource))]
    known = call.context.part(Types).known(id.type)
    kind = f"{type_}/{id.tail}" if id.tail else type_
    scope = id.resource if id.pairs else id.scope
    need = Need(
        (f"{kind}/{VERBS[call.method]}",),
        str(scope),
        attributes=known.attributes(call, id) if known and not id.tail else {},
    )
    if call.method != "PUT":
        return [need]
    more = [Need((each,), str(id.workspace)) for each in (known.needs(call, id) if known else ())]
    read = _registries_named(call) if id.is_ours else []
    return [need, *more, *read, *_linked(call, id)]


def _linked(call: Call, id: ResourceId) -> list[Need]:
    needs = []
    for kind in ("", id.full_type):
        for path, action in LINKED.get(kind, ()):
            for text in _values(call.body, path.split(".")):
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


def of_blob(call: Call) -> list[Need]:
    """The permissions that a request to blob storage asks for."""
    place = places.matches(call.path)
    if place is None:
        return []
    account = account_id(call.context, place.container.partition("/")[0])
    if not place.path and call.method == "PUT":
        return [Need((f"{CONTAINERS}/write",), account)]
    # In Azure, too, the path is that of the blob in its container, without a slash before it.
    known = {f"{CONTAINERS}:name": place.container.partition("/")[2], f"{CONTAINERS}/blobs:path": place.path}
    attributes = {name.lower(): value for name, value in known.items()}
    return [
        Need(
            (f"{CONTAINERS}/blobs/{VERBS.get(call.method, 'action')}",), account, data=True, attributes=attributes
        )
    ]


def of_history(call: Call) -> list[Need]:
    """The permissions that a request to run history asks for: `rundata` and `details` are read by POST too."""
    found = WORKSPACE.search(call.path)
    verb = "write" if call.method == "PATCH" else "read"
    return [Need((f"{ML}/experiments/runs/{verb}",), found["workspace"] if found else "", of_run=True)]


def of_tracking(call: Call) -> list[Need]:
    """The permissions that a request to the tracking server asks for. Raises BadRequest for what is none.

    Its path is read here as the server that it is passed on to reads it.
    """
    found = WORKSPACE.search(call.path)
    workspace, rest = (found["workspace"], call.path[found.end() :]) if found else ("", call.path)
    if not is_plain(rest) or not KNOWN.match(rest):
        raise BadRequest(f"{rest!r} is no address of tracking.", inner=("RequestInvalid",))
    asked = f"{call.method} {rest}"
    fitting = (action for pattern, action in TRACKING if pattern.match(asked))
    return [Need((next(fitting, f"{ML}/experiments/runs/write"),), workspace, of_run=True)]
