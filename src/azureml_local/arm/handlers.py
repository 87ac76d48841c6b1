"""The generic half of Azure Resource Manager: GET, PUT, PATCH, DELETE and LIST on every type of the table."""

from __future__ import annotations

import re

from starlette.responses import Response

from ..access import needs as permissions
from ..server import kinds
from ..server.actions import ACTIONS
from ..server.types import TYPES
from ..workspaces.workspace import ensure_workspace
from . import operations
from .behaviour import Behaviour
from .context import Context, system_data
from .errors import BadRequest, NotSupported, ServiceError
from .ids import RESOURCES, ResourceId
from .requests import Call, answer, answer_stored
from .store import Body, Resource

SDK = re.compile(r"azure-ai-ml|azsdk-python|mlflow", re.IGNORECASE)
"""The clients of Azure ML, as they name themselves."""
NAME = re.compile(r"^\w[\w.:@+-]{0,254}$", re.ASCII)
"""What a name may be; ids become parts of paths."""


def handle(call: Call) -> Response:
    """Any request on an ARM id."""
    id = call.id
    for _, name in id.pairs:
        if not NAME.match(name):
            raise BadRequest(f"The name '{name}' is not valid.", inner=("BadArgument",))
    if not (id.pairs or id.tail):
        raise NotSupported(f"{call.method} on the provider {id.provider}")
    call.require(*permissions.of_resource(call, id))
    # A plain reader of Azure Resource Manager, who is no client of Azure ML, wants to know what there is.
    reads = call.method == "GET"
    is_workspace = id.type.lower() == "workspaces" and not id.tail
    if id.is_ours and id.pairs and (_is_sdk(call) if reads else not is_workspace):
        ensure_workspace(call, id.workspace)
    if id.tail:
        if call.method == "GET":
            return _list(call, id)
        if call.method == "POST":
            return _act(call, id)
    elif call.method in VERBS:
        behaviour = _behaviour(id, call.method)
        return VERBS[call.method](call, id, behaviour)
    raise NotSupported(f"{call.method} {id.type}{'/' + id.tail if id.tail else ''}")


def _is_sdk(call: Call) -> bool:
    return SDK.search(call.headers.get("user-agent", "")) is not None


def _behaviour(id: ResourceId, method: str) -> Behaviour:
    """What resources of this type, or of a collection's type, do. Other providers' are kept as they are."""
    type_ = "/".join(part for part in (id.type, id.tail) if part)
    if not id.is_ours:
        return kinds.behaviour_of(type_)
    behaviour = TYPES.get(type_.lower())
    if behaviour is None:
        raise NotSupported(f"{method} {type_}")
    return behaviour


def render(context: Context, resource: Resource, behaviour: Behaviour) -> Body:
    """A resource as it is answered: ids compare without case and come back as first written."""
    body = {k: v for k, v in behaviour.view(context, resource).items() if not k.startswith("_")}
    return {"id": str(resource.id), "name": resource.id.name, "type": resource.id.full_type, **body}


def _get(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    resource = behaviour.find(call.context, id)
    if resource is None:
        raise behaviour.missing(id)
    return answer_stored(call, render(call.context, resource, behaviour))


def _put(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    body, store = call.json(), call.context.store
    try:
        with store.transaction():
            target = behaviour.store_as(call, id, body)
            existing = store.get(target)
            known = existing.body.get("systemData") if existing else None
            prepared = behaviour.prepare(call, target, body, existing)
            store.put(target, {**prepared, "systemData": system_data(known)})
    except ServiceError as refusal:
        refusal.remember(call.context)
        raise
    operation = behaviour.applied(call, target, existing)
    resource = store.get(target)
    if resource is None:
        raise behaviour.missing(id)
    content = render(call.context, resource, behaviour)
    if operation:
        return answer_stored(call, content, 201, operations.headers(call, operation, call.id_url(target)))
    created = existing is None or target.key != id.key
    headers = {"Location": call.id_url(id)} if created else {}
    return answer_stored(call, content, 201 if created else 200, headers)


def _patch(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    store, changes = call.context.store, call.json()
    with store.transaction():
        resource = store.get(id)
        if resource is None:
            raise behaviour.missing(id)
        changed = behaviour.patch(call, resource, changes)
        store.put(id, {**changed, "systemData": system_data(resource.body.get("systemData"))})
    return _get(call, id, behaviour)


def _delete(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    resource = call.context.store.get(id)
    if resource is None:
        return Response(b"", 204)
    if not behaviour.can_delete:
        raise NotSupported(f"DELETE {id.type}")
    operation = behaviour.delete(call, resource)
    if operation:
        return answer(None, 202, operations.headers(call, operation))
    call.context.store.delete(id)
    return Response(b"", 200)


VERBS = {"GET": _get, "PUT": _put, "PATCH": _patch, "DELETE": _delete}


def _list(call: Call, id: ResourceId) -> Response:
    """GET of a collection. `$top` cuts the list; the emulator has no pages."""
    behaviour = _behaviour(id, "LIST")
    parent = id.resource
    resources = behaviour.listed(call, parent, _found(call.context, id))
    top = call.parameter("$top")
    if top:
        if not top.isdigit():
            raise BadRequest(f"$top must be a number, it is {top!r}.")
        resources = resources[: int(top)]
    return answer_stored(call, {"value": [render(call.context, r, behaviour) for r in resources]})


def _act(call: Call, id: ResourceId) -> Response:
    named = f"{id.type}/{id.tail}".lower()
    action = ACTIONS.get(named) or kinds.ACTIONS.get(named)
    if action is None:
        raise NotSupported(f"POST {id.type}/{id.tail}")
    return action(call)


def _found(context: Context, id: ResourceId) -> list[Resource]:
    """The resources of a collection: of a parent, or of a whole subscription; `resources` is every type."""
    parent = id.resource
    if id.provider == RESOURCES and id.tail.lower() == "resources":
        return [each for each in context.store.below(parent) if len(each.id.pairs) == 1]
    if not id.pairs and not id.group and id.provider != RESOURCES:
        type_ = id.tail if id.is_ours else f"{id.provider}/{id.tail}"
        everywhere = context.store.of_type(type_)
        return [each for each in everywhere if each.id.subscription.lower() == id.subscription.lower()]
    return context.store.children(parent, id.tail)
