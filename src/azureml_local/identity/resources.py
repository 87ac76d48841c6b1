"""User-assigned identities and their federated credentials as resources."""

from __future__ import annotations

import uuid

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import ArmError
from ..arm.ids import ResourceId
from ..arm.plain import ArmResource
from ..arm.signer import TENANT
from ..arm.store import Body, Resource


class Identity(ArmResource):
    """A user-assigned identity: its principal and client ids are the service's."""

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        if existing is not None:
            return {**values, **properties(existing)}
        ids = {"tenantId": TENANT, "principalId": str(uuid.uuid4()), "clientId": str(uuid.uuid4())}
        return {**values, **ids}


class FederatedCredential(ArmResource):
    """Whose assertions become tokens of an identity. Issuer and subject are unique in an identity."""

    limit = 20

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        others = [c for c in context.store.children(id.parent, id.pairs[-1][0]) if c.id.key != id.key]
        same = [c for c in others if all(properties(c).get(k) == values.get(k) for k in ("issuer", "subject"))]
        if same:
            raise ArmError(
                "Conflict",
                "Issuer and subject combination already exists for this Managed Identity.",
                409,
            )
        if len(others) >= self.limit:
            raise ArmError(
                "BadRequest",
                f"Too many Federated Identity Credentials are assigned: the limit is {self.limit}.",
                400,
            )
        return values
