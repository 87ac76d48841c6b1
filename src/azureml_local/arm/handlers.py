"""The generic half of Azure Resource Manager: GET, PUT, PATCH, DELETE and LIST on every type of the table."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping

from starlette.responses import Response

from . import operations
from .behaviour import Behaviour
from .context import Context
from .errors import BadRequest, NotSupported, ServiceError
from .ids import RESOURCES, ResourceId
from .principals import Principal
from .requests import Call, answer, answer_stored
from .store import Body, Resource
from .types import Types

NAME = re.compile(r"\w[\w.:@+-]{0,254}", re.ASCII)
"""What a name may be; ids become parts of paths."""


def handle(call: Call) -> Response:
    """Any request on an ARM id, by whoever may."""
    id = call.id
    for _, name in id.pairs:
        if not NAME.fullmatch(name):
            raise BadRequest(f"The name {name!r} is not valid.", inner=("BadArgument",))
    if not (id.pairs or id.tail):
        raise NotSupported(f"{call.method} on the provider {id.provider}")
    types = call.context.part(Types)
    if id.pairs and (first := types.known(id.workspace.type)):
        first.first_use(call, id)
    if id.tail:
        if call.method == "GET":
            return _list(call, id)
        if call.method == "POST":
            return _act(call, id)
    elif call.method in HANDLERS:
        return HANDLERS[call.method](call, id, types.of(id, call.method))
    raise NotSupported(f"{call.method} {id.type}{'/' + id.tail if id.tail else ''}")


def render(context: Context, resource: Resource, behaviour: Behaviour) -> Body:
    """A resource as it is answered: ids compare without case and come back as first written."""
    body = {k: v for k, v in behaviour.view(context, resource).items() if not k.startswith("_")}
    return {"id": str(resource.id), "name": resource.id.name, "type": resource.id.full_type, **body}


def put(context: Context, id: ResourceId, body: Body, principal: Principal) -> Resource:
    """What works inside the service puts a resource as anyone does, by its type's rules. Raises ServiceError."""
    call = Call.inside(context, "PUT", id, body, principal)
    behaviour = context.part(Types).of(id, "PUT")
    target, existing = store(call, id, behaviour)
    work = behaviour.applied(call, target, existing)
    if work:
        operations.start(call, target, work)
    resource = context.store.get(target)
    if resource is None:
        raise behaviour.missing(target)
    return resource


def _get(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    resource = behaviour.find(call.context, id)
    if resource is None:
        raise behaviour.missing(id)
    return answer_stored(call, render(call.context, resource, behaviour))


def store(call: Call, id: ResourceId, behaviour: Behaviour) -> tuple[ResourceId, Resource | None]:
    """Check and store a body, all or nothing: the id that it has now, and what was there before."""
    body, resources = copy.deepcopy(call.body), call.context.store
    try:
        with resources.transaction():
            target = behaviour.store_as(call, id, body)
            existing = resources.get(target)
            known = existing.body.get("systemData") if existing else None
            prepared = behaviour.prepare(call, target, body, existing)
            resources.put(target, {**prepared, "systemData": call.context.system_data(known, call.principal)})
            behaviour.stored(call, target, existing)
    except ServiceError as refusal:
        behaviour.refused(call.context, id, refusal)
        raise
    return target, existing


def _put(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    target, existing = store(call, id, behaviour)
    resource = call.context.store.get(target)
    if resource is None:
        raise behaviour.missing(id)
    # what is answered is what was stored, not what the work has made of it meanwhile
    content = render(call.context, resource, behaviour)
    work = behaviour.applied(call, target, existing)
    if work and work.accepted:
        return answer(None, 202, operations.start(call, target, work))
    if work:
        return answer_stored(call, content, 201, operations.start(call, target, work, call.id_url(target)))
    created = existing is None or target.key != id.key
    headers = {"Location": call.id_url(id)} if created else {}
    return answer_stored(call, content, behaviour.created if created else 200, headers)


def _patch(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    store, changes = call.context.store, copy.deepcopy(call.body)
    with store.transaction():
        resource = store.get(id)
        if resource is None:
            raise behaviour.missing(id)
        changed = behaviour.patch(call, resource, changes)
        known = resource.body.get("systemData")
        store.put(id, {**changed, "systemData": call.context.system_data(known, call.principal)})
    return _get(call, id, behaviour)


def _delete(call: Call, id: ResourceId, behaviour: Behaviour) -> Response:
    resource = call.context.store.get(id)
    if resource is None:
        return Response(b"", 204)
    work = behaviour.delete(call, resource)
    if work:
        return answer(None, 202, operations.start(call, id, work))
    call.context.store.delete(id)
    return Response(b"", 200)


HANDLERS: Mapping[str, Callable[[Call, ResourceId, Behaviour], Response]] = {
    "GET": _get,
    "PUT": _put,
    "PATCH": _patch,
    "DELETE": _delete,
}


def _list(call: Call, id: ResourceId) -> Response:
    """GET of a collection. `$top` cuts the list; the emulator has no pages."""
    behaviour = call.context.part(Types).of(id, "LIST")
    resources = behaviour.listed(call, id.resource, _found(call.context, id))
    top = call.parameter("$top")
    if top:
        if not (top.isascii() and top.isdigit()):
            raise BadRequest(f"$top must be a number, it is {top!r}.")
        resources = resources[: int(top)]
    return answer_stored(call, {"value": [render(call.context, r, behaviour) for r in resources]})


def _act(call: Call, id: ResourceId) -> Response:
    behaviour = call.context.part(Types).known(id.type)
    actions = {name.lower(): action for name, action in behaviour.actions.items()} if behaviour else {}
    action = actions.get(id.tail.lower())
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
