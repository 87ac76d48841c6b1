"""What a workspace is made of, and the refusals that people met when they made one (parity rules)."""

from __future__ import annotations

from dataclasses import dataclass

from ..access.decision import Access, Need
from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import ArmError, BadRequest, ServiceError
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body, Resource
from ..identity.managed import ManagedIdentity, of_resource

REMEMBERED_SECONDS = 30 * 60
"""For how long a refused creation is held against the name; people report tens of minutes."""
HELD_SECONDS = 14 * 24 * 3600
"""For how long a workspace that was deleted without a purge holds its name."""
REFUSED = "workspace-refused"
DELETED = "workspace-deleted"
"""Kinds of documents: a refusal and a soft deletion, by the workspace's key."""


@dataclass(frozen=True)
class Part:
    """A resource that a workspace depends on, and the action that its identity must hold on it."""

    field: str
    action: str


PARTS = (
    Part("keyVault", "Microsoft.KeyVault/vaults/read"),
    Part("storageAccount", "Microsoft.Storage/storageAccounts/read"),
    Part("applicationInsights", "Microsoft.Insights/components/read"),
    Part("containerRegistry", "Microsoft.ContainerRegistry/registries/read"),
)


def check(call: Call, id: ResourceId, body: Body, existing: Resource | None) -> None:
    """Raises the service's refusal of a workspace that cannot be."""
    context, values = call.context, body.get("properties") or {}
    if existing is None:
        _check_name(context, id)
    for part in PARTS:
        named = ResourceId.parse(str(values.get(part.field) or ""))
        found = context.store.get(named) if named else None
        if named and found is None:
            raise ArmError(
                "ResourceNotFound",
                f"The Resource '{named.full_type}/{named.name}' under resource group '{named.group}' was not "
                "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
                404,
            )
        plain = not (found and properties(found).get("isHnsEnabled"))
        if part.field == "storageAccount" and not plain and context.parity.holds("workspace-storage-plain"):
            raise BadRequest("Cannot use storage with HNS enabled", inner=("BadArgument",))
    _check_registry(context, values, existing)
    if existing is None and context.parity.holds("workspace-grants"):
        _check_grants(context, values)


def _check_name(context: Context, id: ResourceId) -> None:
    refused = context.store.read(REFUSED, id.key)
    if refused and context.parity.holds("name-cache") and context.clock.time() < refused["until"]:
        raise BadRequest(refused["message"], inner=("BadArgument",))
    deleted = context.store.read(DELETED, id.key)
    if deleted and context.parity.holds("soft-delete") and context.clock.time() < deleted["until"]:
        raise BadRequest(
            "Soft-deleted workspace exists. Please purge or recover it. https://aka.ms/wsoftdelete",
            code="Conflict",
        )


def _check_registry(context: Context, values: Body, existing: Resource | None) -> None:
    had = properties(existing).get("containerRegistry") if existing else None
    if had and not values.get("containerRegistry") and context.parity.holds("workspace-detach-acr"):
        raise BadRequest("Detaching Container Registry with workspace is not supported", code="BadRequest")


def _check_grants(context: Context, values: Body) -> None:
    identity = of_resource(context, ResourceId.parse(str(values.get("primaryUserAssignedIdentity") or "")))
    lacking = _first_lacking(context, identity, values) if identity else None
    if identity is None or lacking is None:
        return
    message = (
        "User assigned identity doesn't have enough permissions. "
        f"The client '{identity.client}' with object id '{identity.principal}' does not have authorization to "
        f"perform action '{lacking.action}' over scope '{lacking.scope}' or the scope is invalid."
    )
    raise Remembered(message, context.clock.time() + REMEMBERED_SECONDS)


def _first_lacking(context: Context, identity: ManagedIdentity, values: Body) -> Need | None:
    """The first right that is missing: the service names one, however many there are."""
    for part in PARTS:
        if values.get(part.field):
            need = Need((part.action,), str(values[part.field]))
            if not context.part(Access).allowed(identity.as_principal, need):
                return need
    return None


class Remembered(ServiceError):
    """A refusal that is held against the workspace's name, whatever is mended after it."""

    status = 400

    def __init__(self, message: str, until: float) -> None:
        super().__init__(message, inner=("BadArgument",))
        self.until = until
