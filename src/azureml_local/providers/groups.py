"""Subscriptions and resource groups."""

from __future__ import annotations

from ..arm import operations
from ..arm.context import Context
from ..arm.errors import ServiceError
from ..arm.ids import ResourceId
from ..arm.plain import ArmResource, check_locks, no_group
from ..arm.requests import Call
from ..arm.signer import TENANT
from ..arm.store import Body, Resource
from ..workspaces import removal
from . import vaults
from .vaults import VAULTS


class Subscription(ArmResource):
    """Every subscription is there."""

    can_delete = False

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        body = {"subscriptionId": id.name, "displayName": "local", "state": "Enabled", "tenantId": TENANT}
        return Resource(id, body, 0)


class ResourceGroup(ArmResource):
    """What is in it goes with it. Workspaces with endpoints in them keep it from going."""

    def delete(self, call: Call, resource: Resource) -> Body | None:
        context = call.context
        check_locks(context, resource.id)
        inside = context.store.below(resource.id)
        workspaces = [each for each in inside if each.id.type.lower() == "workspaces"]
        for workspace in workspaces:
            removal.check(context, workspace)

        def work() -> None:
            for workspace in workspaces:
                removal.remove(context, workspace, purge=False)
            for each in inside:
                if each.id.type.lower() == VAULTS.lower():
                    vaults.remember(context, each)
            context.store.delete(resource.id)

        return operations.start(context, resource.id, "groupOperation", work)

    def missing(self, id: ResourceId) -> ServiceError:
        return no_group(id.name)
