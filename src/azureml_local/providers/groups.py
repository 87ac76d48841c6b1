"""Subscriptions and resource groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..arm.behaviour import Work
from ..arm.context import Context
from ..arm.errors import ServiceError
from ..arm.ids import RESOURCES, ResourceId
from ..arm.plain import ArmResource, check_locks, no_group
from ..arm.requests import Call
from ..arm.signer import TENANT
from ..arm.store import Resource
from ..arm.types import Types

SUBSCRIPTIONS = f"{RESOURCES}/subscriptions"
BOTH = ("Azure-AsyncOperation", "Location")


class Subscription(ArmResource):
    """Every subscription is there."""

    verbs = ("GET", "LIST", "PUT", "PATCH")

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        body = {"subscriptionId": id.name, "displayName": "local", "state": "Enabled", "tenantId": TENANT}
        return Resource(id, body, 0)


class ResourceGroup(ArmResource):
    """What is in it goes with it, unless something in it keeps it from going."""

    def delete(self, call: Call, resource: Resource) -> Work:
        context = call.context
        check_locks(context, resource.id)
        for each in context.store.below(resource.id):
            context.part(Types).of(each.id).check_gone(context, each)
        alone = context.parity.holds("group-deletion-location")
        return Work("groupOperation", "DELETE", announced=("Location",) if alone else BOTH)

    def remove(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        for each in context.store.below(id):
            if context.store.get(each.id):  # it has not gone with what it was below
                context.part(Types).of(each.id).gone(context, each)
        context.store.delete(id)

    def missing(self, id: ResourceId) -> ServiceError:
        return no_group(id.name)
