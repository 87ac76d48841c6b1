"""Role definitions and role assignments as resources."""

from __future__ import annotations

from ..arm.behaviour import Work, properties
from ..arm.context import Context
from ..arm.errors import ArmError
from ..arm.ids import ResourceId
from ..arm.plain import ArmResource
from ..arm.requests import Call
from ..arm.store import Body, Resource
from . import builtin
from .decision import ASSIGNMENTS, DEFINITIONS, role_name


class RoleDefinition(ArmResource):
    """A custom role; the built-in ones are there from the beginning."""

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        role = builtin.ROLES.get(id.name.lower())
        if role is None:
            return super().find(context, id)
        values = {"roleName": role.name, "type": "BuiltInRole", "permissions": [role.permissions()]}
        return Resource(id, {"properties": {**values, "assignableScopes": ["/"]}}, 0)

    def delete(self, call: Call, resource: Resource) -> Work | None:
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

    def attributes(self, call: Call, id: ResourceId) -> dict[str, str]:
        values = call.body.get("properties") if call.method == "PUT" else None
        if values is None:
            found = call.context.store.get(id)
            values = properties(found) if found else {}
        prefix = "microsoft.authorization/roleassignments:"
        return {
            f"{prefix}roledefinitionid": str(values.get("roleDefinitionId", "")).rsplit("/", 1)[-1],
            f"{prefix}principalid": str(values.get("principalId", "")),
            f"{prefix}principaltype": str(values.get("principalType", "")),
        }

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
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
