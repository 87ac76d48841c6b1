"""The Azure resources that compute or refuse something, a row of the table each; others are ArmResource."""

from __future__ import annotations

import uuid
from typing import Any

from ..access import builtin
from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import ArmError
from ..arm.ids import ResourceId
from ..arm.plain import GROUP, ArmResource
from ..arm.requests import Call
from ..arm.signer import TENANT
from ..arm.store import Body, Resource
from ..providers.groups import ResourceGroup, Subscription
from ..providers.vaults import DELETED_VAULTS, VAULTS, DeletedVault, Vault, purge_vault

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIALS = f"{IDENTITIES}/federatedIdentityCredentials"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
STORAGE = "Microsoft.Storage/storageAccounts"
BUDGETS = "Microsoft.Consumption/budgets"


class Identity(ArmResource):
    """A user-assigned identity: its principal and client ids are the service's."""

    def complete(
        self,
        context: Context,
        id: ResourceId,
        values: Body,
        existing: Resource | None,
    ) -> dict[str, Any]:
        if existing is not None:
            return {**values, **properties(existing)}
        ids = {"tenantId": TENANT, "principalId": str(uuid.uuid4()), "clientId": str(uuid.uuid4())}
        return {**values, **ids}


class FederatedCredential(ArmResource):
    """Whose assertions become tokens of an identity. Issuer and subject are unique in an identity."""

    limit = 20

    def complete(
        self,
        context: Context,
        id: ResourceId,
        values: Body,
        existing: Resource | None,
    ) -> dict[str, Any]:
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


class RoleDefinition(ArmResource):
    """A custom role; the built-in ones are there from the beginning."""

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        role = builtin.ROLES.get(id.name.lower())
        if role is None:
            return super().find(context, id)
        values = {"roleName": role.name, "type": "BuiltInRole", "permissions": [role.permissions()]}
        return Resource(id, {"properties": {**values, "assignableScopes": ["/"]}}, 0)

    def delete(self, call: Call, resource: Resource) -> Body | None:
        for assignment in call.context.store.of_type(ASSIGNMENTS):
            if role_name(properties(assignment)) == resource.id.name.lower():
                raise ArmError(
                    "RoleDefinitionHasAssignments",
                    f"There are existing role assignments referencing role ({resource.id.name}).",
                    400,
                )
        return super().delete(call, resource)


class RoleAssignment(ArmResource):
    """Who holds which role where. Of one triple there is one assignment, whatever its name."""

    fixed = ("principalId", "roleDefinitionId")

    def complete(
        self,
        context: Context,
        id: ResourceId,
        values: Body,
        existing: Resource | None,
    ) -> dict[str, Any]:
        name = role_name(values)
        if existing is not None:
            if any(str(values.get(k)).lower() != str(properties(existing).get(k)).lower() for k in self.fixed):
                raise ArmError(
                    "RoleAssignmentUpdateNotPermitted",
                    "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
                    400,
                )
            return {**properties(existing), **values}
        if name not in builtin.ROLES and not any(
            r.id.name.lower() == name for r in context.store.of_type(DEFINITIONS)
        ):
            raise ArmError(
                "RoleDefinitionDoesNotExist",
                f"The specified role definition with ID '{name}' does not exist.",
                404,
            )
        triple = (id.scope.lower(), values.get("principalId"), name)
        for other in context.store.of_type(ASSIGNMENTS):
            if (
                other.id.scope.lower(),
                properties(other).get("principalId"),
                role_name(properties(other)),
            ) == triple:
                raise ArmError(
                    "RoleAssignmentExists",
                    "The role assignment already exists. The ID of the conflicting role assignment is "
                    f"{other.id.name}.",
                    409,
                )
        return {"principalType": "ServicePrincipal", "scope": id.scope, **values}

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        """Those that hold at the scope: its own and those above; without `atScope()` also those below."""
        asked = call.parameter("$filter")
        scope = (parent.scope + "/").lower()
        found = []
        for each in call.context.store.of_type(ASSIGNMENTS):
            place = (each.id.scope + "/").lower()
            above, below = scope.startswith(place), place.startswith(scope)
            if above or (below and "atscope()" not in asked.lower()):
                found.append(each)
        if "'" in asked:
            principal = asked.split("'")[1].lower()
            found = [each for each in found if str(properties(each).get("principalId")).lower() == principal]
        return found


class StorageAccount(ArmResource):
    """An account. Whether it has a hierarchical namespace is decided once."""

    read_only = (
        (
            "isHnsEnabled",
            "The property 'isHnsEnabled' was specified in the input, but it cannot be updated as it is a "
            "read-only property.",
        ),
    )


class Budget(ArmResource):
    """A budget begins on the first of a month, once and for all."""

    def complete(
        self,
        context: Context,
        id: ResourceId,
        values: Body,
        existing: Resource | None,
    ) -> dict[str, Any]:
        start = _start(values)
        if not start.split("T")[0].endswith("-01"):
            raise ArmError("400", "Start date should be the first day of the month.", 400)
        if existing is not None and _start(properties(existing)) != start:
            raise ArmError(
                "400", "Start date of budgets cannot be updated. Please delete and create a new budget.", 400
            )
        return values


def _start(values: Body) -> str:
    return str((values.get("timePeriod") or {}).get("startDate", ""))


def role_name(values: Body) -> str:
    """The name (a GUID) of the role that an assignment gives."""
    return str(values.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()


KINDS: dict[str, ArmResource] = {
    name.lower(): behaviour
    for name, behaviour in (
        ("Microsoft.Resources/subscriptions", Subscription()),
        (GROUP, ResourceGroup()),
        (IDENTITIES, Identity()),
        (CREDENTIALS, FederatedCredential()),
        (ASSIGNMENTS, RoleAssignment()),
        (DEFINITIONS, RoleDefinition()),
        (STORAGE, StorageAccount()),
        (VAULTS, Vault()),
        (DELETED_VAULTS, DeletedVault()),
        (BUDGETS, Budget()),
    )
}
PLAIN = ArmResource()
ACTIONS = {f"{DELETED_VAULTS}/purge".lower(): purge_vault}


def behaviour_of(type_: str) -> ArmResource:
    """What resources of a type of another provider do."""
    return KINDS.get(type_.lower(), PLAIN)
