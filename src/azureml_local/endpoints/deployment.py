"""Online deployments as resources: a model behind an endpoint, and its logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ..arm.behaviour import Behaviour, Work, properties
from ..arm.context import LOCATION, Context
from ..arm.errors import BadRequest, NotFound, NotSupported, ServiceError, missing_field, serving_refusal
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.states import BUSY, set_state
from ..arm.store import Body, Resource
from ..arm.types import Types
from ..assets import environments
from ..storage.registries import SCHEME, asset, asset_id, is_in_registry, pinned
from . import quota, rights
from .endpoint import busy, check_name, known
from .instances import Instances
from .settings import REQUEST_SETTINGS

PROBE = {
    "failureThreshold": 30,
    "successThreshold": 1,
    "timeout": "PT2S",
    "period": "PT10S",
    "initialDelay": "PT10S",
}


class OnlineDeployment(Behaviour):
    """A model behind an endpoint: instances of its code, started when it is put."""

    noun = "online deployment"
    verbs = ("GET", "LIST", "PUT", "DELETE")

    def __init__(self) -> None:
        self.actions = {"getLogs": get_logs}

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        check_name("deployment", id.name)
        context, values = call.context, dict(body.get("properties") or {})
        endpoint = context.store.get(id.parent)
        if endpoint is None:
            raise context.part(Types).of(id.parent).missing(id.parent)
        if properties(endpoint)["provisioningState"] in BUSY:
            raise BadRequest(busy(id.parent.name, endpoint))
        if existing is not None:
            self._check_existing(context, id, existing)
        values = pinned(context, values)
        self._check_parts(context, id, values)
        quota.check(context, id, body, existing)
        values["provisioningState"] = "Updating"
        sku = {"name": "Default", "tier": "Standard", **(body.get("sku") or {"capacity": 1})}
        received = {"location": LOCATION, "kind": "Managed", "tags": {}, **body}
        provisioned = bool(existing and existing.body.get("_provisioned"))
        return {**received, "sku": sku, "properties": values, "_provisioned": provisioned}

    @staticmethod
    def _check_existing(context: Context, id: ResourceId, existing: Resource) -> None:
        state = properties(existing)["provisioningState"]
        if state in BUSY:
            raise BadRequest(f"The deployment {id.name} is in {state} provisioning state.")
        corpse = state == "Failed" and not existing.body.get("_provisioned")
        if corpse and context.parity.holds("deployment-corpse"):
            raise serving_refusal(
                f"Specified deployment [{id.name}] failed during initial provisioning and is in an "
                "unrecoverable state. Delete and re-create."
            )

    @staticmethod
    def _check_parts(context: Context, id: ResourceId, values: Body) -> None:
        kind = values.get("endpointComputeType", "Managed")
        if kind != "Managed":
            raise NotSupported(f"online deployments on {kind}")
        if not values.get("instanceType"):
            raise missing_field("instanceType")
        if not values.get("codeConfiguration") or not values.get("environmentId"):
            raise NotSupported("online deployments without code and environment (no-code deployment)")
        named = str(values.get("model") or "")
        if named and asset(context, named) is None:
            id_ = asset_id(context, named)
            name = f"{id_.parent.name}:{id_.name}" if id_ and not is_in_registry(id_) else named
            where = "the registry" if named.startswith(SCHEME) else "the workspace"
            raise BadRequest(f"The model {name} does not exist in {where}.", inner=("NotFound", "ModelNotFound"))
        try:
            environments.check(context, id.workspace, str(values["environmentId"]))
        except NotFound as error:
            raise BadRequest(error.message, inner=error.inner) from error

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Work:
        return Work("od", "PUT")

    def make(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        rights.check_endpoint(context, id.parent)
        context.part(Instances).provision(id)
        if not set_state(context, id, "Succeeded", _provisioned=True):
            # it was deleted while it was made
            context.part(Instances).stop_deployment(id)

    def failed(self, context: Context, id: ResourceId, error: ServiceError) -> None:
        set_state(context, id, "Failed")

    def view(self, context: Context, resource: Resource) -> Body:
        values = properties(resource)
        filled = {
            "scaleSettings": {"scaleType": "Default"},
            "environmentVariables": {},
            "requestSettings": {},
            "appInsightsEnabled": False,
            "egressPublicNetworkAccess": "Enabled",
            "modelMountPath": None,
            **{k: v for k, v in values.items() if v is not None},
        }
        filled["requestSettings"] = {**REQUEST_SETTINGS, **filled["requestSettings"]}
        for probe in ("livenessProbe", "readinessProbe"):
            filled[probe] = {**PROBE, **(values.get(probe) or {})}
        return {**resource.body, "properties": filled}

    def delete(self, call: Call, resource: Resource) -> Work:
        context, id = call.context, resource.id
        endpoint = context.store.get(id.parent)
        weight = (properties(endpoint).get("traffic") or {}).get(id.name, 0) if endpoint else 0
        if weight and context.parity.holds("deployment-delete-with-traffic"):
            raise BadRequest(
                f"Can't delete deployment [{id.name}] with non-zero traffic weight", inner=("BadArgument",)
            )
        set_state(context, id, "Deleting")
        return Work("od", "DELETE")

    def remove(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        context.part(Instances).stop_deployment(id)
        with context.store.transaction():
            context.store.delete(id)
            _drop_from_traffic(context, id)

    def missing(self, id: ResourceId) -> ServiceError:
        return NotFound(
            f"A deployment with the name '{id.name}' does not exist in the endpoint '{id.parent.name}'.",
            inner=("NotFound", "DeploymentNotFound"),
        )


def _drop_from_traffic(context: Context, id: ResourceId) -> None:
    endpoint = context.store.get(id.parent)
    if endpoint is None:
        return
    values = dict(properties(endpoint))
    for field in ("traffic", "mirrorTraffic"):
        values[field] = {n: s for n, s in (values.get(field) or {}).items() if n != id.name}
    context.store.put(id.parent, {**endpoint.body, "properties": values})


def get_logs(call: Call) -> Response:
    """POST …/getLogs: the state of the instance, then the end of its output."""
    resource = known(call)
    body, instances = call.body, call.context.part(Instances)
    kind = body.get("containerType", "InferenceServer")
    if kind not in ("StorageInitializer", "InferenceServer"):
        raise BadRequest(
            "The value provided is not a valid enum value. Field: containerType. "
            "Allowed values: StorageInitializer,InferenceServer.",
            inner=("RequestInvalid",),
        )
    if properties(resource)["provisioningState"] in ("Creating", "Deleting"):
        raise BadRequest("Deployment is in deleting or creating state so logs can't be retrieved.")
    lines = int(body.get("tail") or 5000)
    text = "" if kind == "StorageInitializer" else instances.log(resource.id, lines)
    started = "Succeeded" if instances.alive(resource.id) else "Failed"
    head = "".join(
        f"{part}: {'Succeeded' if part != 'UserContainerStart' else started}\n"
        for part in ("SystemSetup", "UserContainerImagePull", "ModelDownload", "UserContainerStart")
    )
    return answer({"content": f"Instance status:\n{head}\nContainer logs:\n{text}"})
