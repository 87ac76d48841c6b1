"""Subscriptions and resource groups."""

from __future__ import annotations

from .. import operations, removal
from ..context import Context
from ..errors import ServiceError
from ..identity.tokens import TENANT
from ..ids import ResourceId
from ..requests import Call
from ..store import Body, Resource
from . import vaults
from .resources import ArmResource, check_locks, no_group
from .vaults import VAULTS


class Subscription(ArmResource):
    """Every subscription is there."""

    can_delete = False

    def find(self, context: Context, id: ResourceId) -> Resource | None:  # noqa: A002
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

    def missing(self, id: ResourceId) -> ServiceError:  # noqa: A002
        return no_group(id.name)
