"""Workspaces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..arm.behaviour import Behaviour, Work, properties
from ..arm.context import LOCATION, Context
from ..arm.errors import ServiceError
from ..arm.ids import ResourceId, workspace_guid
from ..arm.plain import PLAIN, check_locks
from ..arm.requests import Call
from ..arm.store import Body, Resource
from ..storage.accounts import STORAGE, account
from ..storage.datastores import system_datastores
from . import parts, removal

SDK = re.compile(r"azure-ai-ml|azsdk-python|mlflow", re.IGNORECASE)
"""The clients of Azure ML, as they name themselves."""


class Workspace(Behaviour):
    """A workspace comes with its four datastores."""

    noun = "workspace"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        parts.check(call, id, body, existing)
        named = str((body.get("properties") or {}).get("storageAccount") or "").rsplit("/", 1)[-1]
        _make_datastores(call.context, id, named or account(call.context, id))
        return {"location": LOCATION, **body}

    def first_use(self, call: Call, id: ResourceId) -> None:
        """A workspace exists from its first use, so that a script written for Azure finds the one it names.

        Not for the identities of a deployment, who work in what the deployment made; and a plain reader of Azure
        Resource Manager, who is no client of Azure ML, wants to know what there is.
        """
        context, workspace = call.context, id.workspace
        is_itself = id.key == workspace.key
        if not (SDK.search(call.headers.get("user-agent", "")) if call.method == "GET" else not is_itself):
            return
        if context.store.get(workspace):
            return
        if call.principal.is_identity:
            raise self.missing(workspace)
        with context.store.transaction():
            if context.store.get(workspace) is None:
                body = {"location": LOCATION, "properties": {}, "systemData": context.system_data()}
                context.store.put(workspace, body)
                _make_datastores(context, workspace, account(context, workspace))

    def refused(self, context: Context, id: ResourceId, refusal: ServiceError) -> None:
        """A refusal for grants is held against the name, whatever is mended after it (rule name-cache)."""
        if isinstance(refusal, parts.Remembered) and context.parity.holds("name-cache"):
            context.store.write(parts.REFUSED, id.key, {"message": refusal.message, "until": refusal.until})

    def delete(self, call: Call, resource: Resource) -> Work:
        check_locks(call.context, resource.id)
        self.check_gone(call.context, resource)
        purge = call.parameter("forceToPurge").lower() == "true"
        return Work("workspaceOperation", "DELETE", {"purge": purge})

    def remove(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        resource = context.store.get(id)
        if resource:
            removal.remove(context, resource, arguments["purge"])

    def check_gone(self, context: Context, resource: Resource) -> None:
        removal.check(context, resource)

    def gone(self, context: Context, resource: Resource) -> None:
        removal.remove(context, resource, purge=False)

    def missing(self, id: ResourceId) -> ServiceError:
        return PLAIN.missing(id)

    def view(self, context: Context, resource: Resource) -> Body:
        id, received = resource.id, properties(resource)
        group = f"/subscriptions/{id.subscription}/resourceGroups/{id.group}/providers"
        computed: dict[str, Any] = {
            "friendlyName": id.name,
            "storageAccount": f"{group}/{STORAGE}/{account(context, id)}",
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


def _make_datastores(context: Context, workspace: ResourceId, account_name: str) -> None:
    for name, datastore in system_datastores(workspace, account_name).items():
        target = workspace.child("datastores", name)
        if context.store.get(target) is None:
            context.store.put(target, {"properties": datastore, "systemData": context.system_data()})
