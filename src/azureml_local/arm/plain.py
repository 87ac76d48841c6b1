"""A resource of any provider: stored as received, in a place that exists, readable, listable, deletable."""

from __future__ import annotations

from .behaviour import Behaviour, Work, properties
from .context import Context
from .errors import ArmError, ServiceError
from .ids import RESOURCES, ResourceId
from .requests import Call
from .store import Body, Resource

GROUP = f"{RESOURCES}/resourceGroups"
LOCKS = "Microsoft.Authorization/locks"


class ArmResource(Behaviour):
    """A resource that the emulator does not act on. Types that compute or refuse something override a hook."""

    read_only: tuple[tuple[str, str], ...] = ()
    """(property, what Azure answers when it changes)."""

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        check_place(call.context, id)
        values = body.get("properties") or {}
        if existing is not None:
            for name, refusal in self.read_only:
                if properties(existing).get(name) != values.get(name):
                    raise ArmError("BadRequest", refusal, 400)
        known = existing.body if existing else {}
        merged = {**body, "properties": self.complete(call.context, id, values, existing)}
        return {**merged, "tags": body.get("tags", known.get("tags") or {})}

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        """The properties with what Azure adds. Raises ArmError to refuse them."""
        return values

    def view(self, context: Context, resource: Resource) -> Body:
        values = {"provisioningState": "Succeeded", **properties(resource)}
        identity = resource.body.get("identity")
        own = {"identity": with_principals(context, identity)} if identity else {}
        return {**resource.body, **own, "properties": values}

    def delete(self, call: Call, resource: Resource) -> Work | None:
        check_locks(call.context, resource.id)
        return None

    def missing(self, id: ResourceId) -> ServiceError:
        return ArmError(
            "ResourceNotFound",
            f"The Resource '{id.full_type}/{id.name}' under resource group '{id.group or '<null>'}' was not "
            "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            404,
        )

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        return resources


PLAIN = ArmResource()
"""What resources do whose types are in no table."""


def no_group(name: str) -> ArmError:
    """The 404 of a resource group."""
    return ArmError("ResourceGroupNotFound", f"Resource group '{name}' could not be found.", 404)


def check_place(context: Context, id: ResourceId) -> None:
    """A resource is made in a group, below a parent or on another resource that is there. Raises ArmError."""
    store = context.store
    if id.group and id.type.lower() != GROUP.lower():
        group = ResourceId(f"/subscriptions/{id.subscription}", RESOURCES, (("resourceGroups", id.group),))
        if store.get(group) is None:
            raise no_group(id.group)
    scope = ResourceId.parse(id.scope)
    above = id.parent if len(id.pairs) > 1 else scope if scope and scope.provider != RESOURCES else None
    if above is not None and store.get(above) is None:
        kind = id.full_type.partition("/")[2]
        raise ArmError(
            "ParentResourceNotFound",
            f"Failed to perform 'write' on resource(s) of type '{kind}', because the parent resource '{above}' "
            "could not be found.",
            404,
        )


def check_locks(context: Context, id: ResourceId) -> None:
    """A lock holds on its scope and on everything below it. Raises ArmError."""
    for lock in context.store.of_type(LOCKS):
        scope = lock.id.scope.lower()
        if id.key == lock.id.key:
            continue
        if (id.key + "/").startswith(scope + "/") or scope.startswith(id.key + "/"):
            raise ArmError(
                "ScopeLocked",
                f"The scope '{id}' cannot perform delete operation because following scope(s) are locked: "
                f"'{lock.id.scope}'. Please remove the lock and try again.",
                409,
            )


def with_principals(context: Context, identity: Body) -> Body:
    """An `identity` member with the principals of the identities that it names."""
    named = identity.get("userAssignedIdentities")
    if not named:
        return identity
    known = {}
    for text in named:
        id_ = ResourceId.parse(text)
        found = context.store.get(id_) if id_ else None
        values = properties(found) if found else {}
        known[text] = {key: values[key] for key in ("principalId", "clientId") if key in values}
    return {**identity, "userAssignedIdentities": known}
