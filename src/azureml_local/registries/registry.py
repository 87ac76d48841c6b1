"""Registries as resources, and how clients find them by their names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ..access import guard
from ..access.needs import read_registry
from ..arm.behaviour import Behaviour, Work, properties
from ..arm.context import LOCATION, Context
from ..arm.errors import ArmError, BadRequest, NotFound, ServiceError
from ..arm.ids import ResourceId, workspace_guid
from ..arm.plain import PLAIN, check_locks
from ..arm.requests import Call, answer
from ..arm.signer import TENANT
from ..arm.store import Body, Resource
from ..storage.accounts import account
from ..storage.registries import registry

DISCOVERY = re.compile(r"^/registrymanagement/v1\.0/registries/(?P<name>[^/]+)/discovery$", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9][\w-]{1,31}", re.ASCII)


class Registry(Behaviour):
    """A registry. It is made by whoever declares it, never by being asked for; its storage goes with it."""

    noun = "registry"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        if not NAME.fullmatch(id.name):
            raise BadRequest(
                f"The registry name '{id.name}' is not valid: 2 to 32 letters, digits, underscores and hyphens.",
                inner=("BadArgument",),
            )
        other = registry(call.context, id.name)
        if other and other.id.key != id.key:
            raise ArmError(
                "Conflict", f"The registry name '{id.name}' is taken: names are unique in the tenant.", 409
            )
        known = existing.body if existing else {}
        return {"tags": {}, **known, "location": LOCATION, **body}

    def view(self, context: Context, resource: Resource) -> Body:
        id, values = resource.id, properties(resource)
        computed = {
            "discoveryUrl": f"{context.base}/registrymanagement/v1.0/registries/{id.name}/discovery",
            "mlFlowRegistryUri": None,
            "intellectualPropertyPublisher": None,
            "managedResourceGroup": {"resourceId": ""},
            "publicNetworkAccess": "Enabled",
            "provisioningState": "Succeeded",
        }
        return {**resource.body, "properties": {**computed, **values}}

    def missing(self, id: ResourceId) -> ServiceError:
        return PLAIN.missing(id)

    def delete(self, call: Call, resource: Resource) -> Work:
        check_locks(call.context, resource.id)
        return Work("registryOperation", "DELETE")

    def remove(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        context.store.delete(id)
        shutil.rmtree(context.home.blobs / account(context, id), ignore_errors=True)

    def gone(self, context: Context, resource: Resource) -> None:
        self.remove(context, resource.id, {})


def discover(call: Call) -> Response:
    """GET /registrymanagement/v1.0/registries/R/discovery: where it is. Source: recordings, 2023 and 2024."""
    found = DISCOVERY.match(call.path)
    name = found["name"] if found else ""
    home = registry(call.context, name)
    if home is None:
        raise NotFound(f"Registry {name} was not found.", inner=("NotFound", "RegistryNotFound"))
    guard.check(call.context, call.principal, [read_registry(home.id)])
    region = str(home.body.get("location") or LOCATION)
    base = f"{call.context.base}/"
    return answer(
        {
            "registryId": workspace_guid(home.id),
            "registryName": home.id.name,
            "tenantId": TENANT,
            "primaryRegion": region,
            "regions": [region],
            "subscriptionId": home.id.subscription,
            "resourceGroup": home.id.group,
            "workspaceName": None,
            "primaryRegionResourceProviderUri": base,
            "registryFqdns": {region: {"uri": call.context.base}},
            "intellectualPropertyPublisher": None,
        }
    )
