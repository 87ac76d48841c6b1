"""The managed identities that a deployment made, and who acts as one of them."""

from __future__ import annotations

from dataclasses import dataclass

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.ids import ResourceId
from ..arm.principals import PERSON, STEP, Principal
from ..arm.signer import object_id

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIALS = f"{IDENTITIES}/federatedIdentityCredentials"


@dataclass(frozen=True)
class ManagedIdentity:
    """A user-assigned identity: its resource id, and the ids that tokens carry."""

    id: ResourceId
    principal: str
    client: str

    def claims(self) -> dict[str, str]:
        """What a token of this identity says besides audience and times."""
        return {"oid": self.principal, "sub": self.principal, "appid": self.client, "xms_mirid": str(self.id)}

    @property
    def as_principal(self) -> Principal:
        """Who it is where it works inside, without a token."""
        return Principal(self.principal, self.client, self.id.name)


def of_resource(context: Context, id: ResourceId | None) -> ManagedIdentity | None:
    """The identity with this resource id."""
    found = context.store.get(id) if id else None
    if found is None:
        return None
    values = properties(found)
    return ManagedIdentity(found.id, values["principalId"], values["clientId"])


def everyone(context: Context) -> list[ManagedIdentity]:
    """Every identity that there is."""
    found = [of_resource(context, each.id) for each in context.store.of_type(IDENTITIES)]
    return [each for each in found if each]


def with_client_id(context: Context, client: str) -> ManagedIdentity | None:
    """The identity with this client id."""
    return next((each for each in everyone(context) if each.client.lower() == client.lower()), None)


def delegate(context: Context, oid: str) -> Principal | None:
    """Whoever delegated a signature, by object id; None for one that is nobody here (any more).

    Without an object id the signature is the emulator's own, and nobody's.
    """
    if not oid or oid in map(object_id, (PERSON, STEP)):
        return Principal(oid)
    return next((each.as_principal for each in everyone(context) if each.principal == oid), None)


def assigned(context: Context, resource: ResourceId) -> ManagedIdentity | None:
    """The first identity that is assigned to a resource: a cluster, an endpoint, a workspace."""
    found = context.store.get(resource)
    named = ((found.body.get("identity") or {}) if found else {}).get("userAssignedIdentities") or {}
    return next((of_resource(context, ResourceId.parse(text)) for text in named), None)
