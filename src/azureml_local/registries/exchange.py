"""How files and versions get into a registry and out of it: places to upload to, signatures to read, imports."""

from __future__ import annotations

import re
import secrets

from starlette.responses import Response

from ..access import guard
from ..access.decision import Need
from ..access.needs import ML
from ..arm import handlers, operations
from ..arm.behaviour import Work, properties
from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound, NotSupported, ServiceError, missing_field
from ..arm.ids import ResourceId, workspace_guid
from ..arm.requests import Call, answer
from ..arm.store import Resource
from ..arm.types import Types
from ..storage import registries
from ..storage.places import locate
from .places import fresh, reference
from .versions import IMPORT, LIMIT, Shared

DATA_PLANE = re.compile(r"^/mferp/managementfrontend/subscriptions/.+/registries/[^/]+/", re.IGNORECASE)
"""Where clients find what is in a registry, once discovery has told them."""
SOURCE = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<guid>[^/]+)/(?P<kind>[^/]+)/(?P<n>[^/]+)/versions/(?P<v>[^/]+)$",
    re.IGNORECASE,
)
IMPORTED = ("models", "environments", "data")
"""The kinds that the SDK can share. A component is created in a registry: it names assets of its own."""
OF_SERVICE = ("provisioningState", "jobName", "flavors", "stage")
"""What the service finds out of a version, anew in each place."""


def handle(call: Call) -> Response:
    """Any request below a registry, at the address that discovery gave."""
    id = call.id
    kind = id.pairs[1][0].lower() if len(id.pairs) == 3 and not id.tail else ""
    match (call.method, kind):
        case ("PUT", "tempdatarefs"):
            return temporary(call, id)
        case ("POST", "datarefs"):
            return reading(call, id)
        case ("POST", _) if id.tail.lower() == "import":
            return import_(call)
    return handlers.handle(call)


def temporary(call: Call, id: ResourceId) -> Response:
    """PUT …/tempdatarefs/N/versions/V: a fresh container for the files of a version that is not there yet."""
    text = str(call.body.get("assetId") or "")
    named = registries.asset_id(call.context, text)
    if named is None or named.workspace.key != id.workspace.key:
        raise missing_field("assetId")
    if registries.asset(call.context, text):
        raise ServiceError(f"Asset {text} already exists.", status=409, inner=("AssetAlreadyExists",))
    return answer(
        {
            "blobReferenceForConsumption": fresh(call.context, id.workspace),
            "imageReferenceForConsumption": None,
            "temporaryDataReferenceId": secrets.token_hex(16),
            "temporaryDataReferenceType": None,
        }
    )


def reading(call: Call, id: ResourceId) -> Response:
    """POST …/datarefs/N/versions/V: a signature that opens the container of a version to readers."""
    context = call.context
    named = str(call.body.get("assetId") or "")
    found = registries.asset(context, named)
    if found is None or found.id.workspace.key != id.workspace.key:
        raise NotFound(f"The asset {named} was not found in registry '{id.workspace.name}'.", inner=("NotFound",))
    uri = _behaviour(context, found.id).uri(properties(found))
    if not uri:
        raise BadRequest(f"The asset {named} has no files.", inner=("BadArgument",))
    container = locate(context, found.id, uri).container
    return answer({"blobReferenceForConsumption": reference(context, found.id.workspace, container, "rl")})


def import_(call: Call) -> Response:
    """POST …/registries/R/import: take a version out of a workspace. The files are copied after the answer."""
    context, asked = call.context, call.body.get("properties") or {}
    source = _source(call, str(asked.get("sourceAssetId") or ""))
    kind, name = source.id.pairs[1]
    target = call.id.resource.child(kind, str(asked.get("destinationName") or name))
    target = target.child("versions", str(asked.get("destinationVersion") or source.id.name))
    if registries.asset(context, registries.reference_to(target)):
        raise ServiceError(
            f"Asset {registries.reference_to(target)} already exists.", status=409, inner=("AssetAlreadyExists",)
        )
    values = {key: value for key, value in properties(source).items() if key not in OF_SERVICE}
    inner = Call.inside(context, IMPORT, target, {"properties": values}, call.principal)
    handlers.store(inner, target, _behaviour(context, target))
    work = Work("registryImport", "PUT", limit=LIMIT)
    return answer(None, 202, operations.start(call, target, work))


def _source(call: Call, text: str) -> Resource:
    """The version that an import names, which its caller must be allowed to read."""
    named = SOURCE.match(text)
    if named is None:
        raise BadRequest(f"The source asset {text!r} is not a version of a workspace.", inner=("BadArgument",))
    if named["kind"].lower() not in IMPORTED:
        raise NotSupported(f"the import of {named['kind']}")
    workspaces = call.context.store.of_type("workspaces")
    workspace = next((each.id for each in workspaces if workspace_guid(each.id) == named["guid"].lower()), None)
    id = workspace.child(named["kind"], named["n"]).child("versions", named["v"]) if workspace else None
    if workspace and id:
        guard.check(call.context, call.principal, [Need((f"{ML}/{named['kind']}/versions/read",), str(workspace))])
    found = call.context.store.get(id) if id else None
    if found is None:
        raise NotFound(f"The source asset {text} was not found.", inner=("NotFound",))
    return found


def _behaviour(context: Context, id: ResourceId) -> Shared:
    found = context.part(Types).of(id)
    if not isinstance(found, Shared):
        raise NotSupported(f"files of {id.type}")
    return found
