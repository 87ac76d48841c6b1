"""Workspaces and their computes."""

from __future__ import annotations

from typing import Any

from ..arm import operations
from ..arm.behaviour import Behaviour, properties
from ..arm.context import LOCATION, Context, now, system_data, workspace_guid
from ..arm.errors import EmptyNotFound, ServiceError
from ..arm.ids import ResourceId
from ..arm.plain import check_locks
from ..arm.requests import Call
from ..arm.store import Body, Resource
from ..server.kinds import PLAIN
from ..storage.datastores import account, system_datastores
from . import parts, removal


class Workspace(Behaviour):
    """A workspace comes with its four datastores."""

    noun = "workspace"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        parts.check(call, id, body, existing)
        named = str((body.get("properties") or {}).get("storageAccount") or "").rsplit("/", 1)[-1]
        _make_datastores(call.context, id, named or account(call.context, id))
        return {"location": LOCATION, **body}

    def delete(self, call: Call, resource: Resource) -> Body | None:
        check_locks(call.context, resource.id)
        removal.check(call.context, resource)
        forget = call.parameter("forceToPurge").lower() == "true"
        return operations.start(
            call.context, resource.id, "workspaceOperation", lambda: removal.remove(call.context, resource, forget)
        )

    def missing(self, id: ResourceId) -> ServiceError:
        return PLAIN.missing(id)

    def view(self, context: Context, resource: Resource) -> Body:
        id, received = resource.id, properties(resource)
        group = f"/subscriptions/{id.subscription}/resourceGroups/{id.group}/providers"
        computed: dict[str, Any] = {
            "friendlyName": id.name,
            "storageAccount": f"{group}/Microsoft.Storage/storageAccounts/st{id.name}",
            "keyVault": f"{group}/Microsoft.KeyVault/vaults/kv-{id.name}",
            "applicationInsights": f"{group}/Microsoft.Insights/components/appi-{id.name}",
            "provisioningState": "Succeeded",
        }
        fixed = {
            "workspaceId": workspace_guid(id),
            "discoveryUrl": f"{context.base}/discovery",
            "mlFlowTrackingUri": f"azureml://{context.host}/mlflow/v1.0{id}",
        }
        return {
            "kind": "Default",
            "tags": {},
            "etag": None,
            **resource.body,
            "properties": {**computed, **received, **fixed},
        }


class Compute(Behaviour):
    """AmlCompute: a name and a size. The steps run on this machine whatever the size."""

    noun = "compute"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        outer = body.setdefault("properties", {})
        kind = outer.get("computeType", "AmlCompute")
        if kind != "AmlCompute":
            raise ServiceError(
                f"azureml_local has no compute of type {kind}; it has AmlCompute.",
                code="NotImplemented",
                status=501,
            )
        inner = outer.setdefault("properties", {})
        if isinstance(inner.get("vmSize"), str):
            inner["vmSize"] = inner["vmSize"].upper()
        created = properties(existing).get("createdOn") if existing else None
        outer |= {
            "createdOn": created or now(),
            "modifiedOn": now(),
            "computeLocation": body.get("location", LOCATION),
        }
        return {"tags": {}, "location": LOCATION, **body}

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Body:
        return operations.start(call.context, id, "computeOperation", lambda: None)

    def view(self, context: Context, resource: Resource) -> Body:
        outer = {"provisioningState": "Succeeded", "isAttachedCompute": False, **properties(resource)}
        nodes = ("preparing", "running", "idle", "unusable", "leaving", "preempted")
        outer["properties"] = {
            "allocationState": "Steady",
            "currentNodeCount": 0,
            "targetNodeCount": 0,
            "nodeStateCounts": {f"{name}NodeCount": 0 for name in nodes},
            "errors": None,
            **(outer.get("properties") or {}),
        }
        body = {**resource.body, "properties": outer}
        body.pop("systemData", None)  # a compute has none; its times stand in its properties
        return body

    def missing(self, id: ResourceId) -> ServiceError:
        return EmptyNotFound(f"compute {id.name} not found")

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        return resources


def ensure_workspace(call: Call, id: ResourceId) -> None:
    """A workspace exists from its first use, so that a script written for Azure finds the one it names.

    Not for the identities of a deployment, who work in what the deployment made.
    """
    store = call.context.store
    if id.type.lower() != "workspaces" or store.get(id):
        return
    if call.principal.is_identity:
        raise Workspace().missing(id)
    with store.transaction():
        if store.get(id) is None:
            body = {"location": LOCATION, "properties": {}, "systemData": system_data()}
            store.put(id, body)
            _make_datastores(call.context, id, account(call.context, id))


def _make_datastores(context: Context, workspace: ResourceId, account_name: str) -> None:
    for name, datastore in system_datastores(workspace, account_name).items():
        target = workspace.child("datastores", name)
        if context.store.get(target) is None:
            context.store.put(target, {"properties": datastore, "systemData": system_data()})
