"""Key vaults: purge protection can never be taken back, and a deleted vault holds its name until it is purged."""

from __future__ import annotations

from starlette.responses import Response

from ..arm.behaviour import Work, properties
from ..arm.context import Context
from ..arm.errors import ArmError
from ..arm.ids import ResourceId
from ..arm.plain import PLAIN, ArmResource
from ..arm.requests import Call
from ..arm.store import Body, Resource

VAULTS = "Microsoft.KeyVault/vaults"
DELETED_VAULTS = "Microsoft.KeyVault/locations/deletedVaults"
DELETED_VAULT = "vault-deleted"
"""The kind of document that a deleted vault leaves, by its name: names are unique everywhere."""


class Vault(ArmResource):
    """A vault. Purge protection can never be taken back."""

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        if existing is None and context.store.read(DELETED_VAULT, id.name.lower()):
            if context.parity.holds("soft-delete"):
                raise ArmError(
                    "ConflictError",
                    f"A vault with the same name already exists in deleted state: {id.name}. You need to either "
                    "recover or purge existing key vault.",
                    409,
                )
            context.store.forget(DELETED_VAULT, id.name.lower())
        name = "enablePurgeProtection"
        if existing is not None and properties(existing).get(name) and not values.get(name, True):
            raise ArmError(
                "BadRequest",
                'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a '
                "vault is an irreversible action.",
                400,
            )
        return values

    def delete(self, call: Call, resource: Resource) -> Work | None:
        super().delete(call, resource)
        self.gone(call.context, resource)
        return None

    def gone(self, context: Context, resource: Resource) -> None:
        """A deleted vault leaves its name held."""
        protected = bool(properties(resource).get("enablePurgeProtection"))
        body = {
            "vaultId": str(resource.id),
            "purgeProtectionEnabled": protected,
            "deletionDate": context.clock.now(),
        }
        context.store.write(DELETED_VAULT, resource.id.name.lower(), body)


class DeletedVault(ArmResource):
    """What is left of a deleted vault: it holds its name until it is purged (rule soft-delete)."""

    def __init__(self) -> None:
        self.actions = {"purge": purge_vault}

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        body = context.store.read(DELETED_VAULT, id.name.lower())
        return Resource(id, {"properties": body}, 0) if body else None


def purge_vault(call: Call) -> Response:
    """POST …/deletedVaults/N/purge."""
    name = call.id.name.lower()
    body = call.context.store.read(DELETED_VAULT, name)
    if body is None:
        raise PLAIN.missing(call.id)
    if body["purgeProtectionEnabled"]:
        raise ArmError("MethodNotAllowed", f"The vault '{name}' has purge protection enabled.", 405)
    call.context.store.forget(DELETED_VAULT, name)
    return Response(b"", 200)
