"""Online endpoints and deployments as resources, with their keys and logs."""

from __future__ import annotations

import math
import re
import secrets
import time
from typing import Any

from starlette.responses import Response

from ..access import guard as inside
from ..arm import operations
from ..arm.behaviour import Behaviour, properties
from ..arm.context import LOCATION, Context
from ..arm.errors import BadRequest, NotFound, NotSupported, ServiceError, not_a_form, serving_refusal
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.store import Body, Resource
from ..assets import environments
from . import quota

NAME = re.compile(r"^[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,30}[a-zA-Z0-9]$")
AUTH_MODES = {"key": "Key", "amltoken": "AMLToken", "aadtoken": "AADToken"}
REQUEST_SETTINGS = {"maxQueueWait": "PT0S", "requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1}
PROBE = {
    "failureThreshold": 30,
    "successThreshold": 1,
    "timeout": "PT2S",
    "period": "PT10S",
    "initialDelay": "PT10S",
}
ISSUER = "azureml"
"""Who issues the tokens that open an endpoint (AMLToken)."""
BUSY = ("Creating", "Updating", "Deleting")


def _check_name(kind: str, name: str) -> None:
    if not NAME.match(name):
        raise BadRequest(
            f"The {kind} name '{name}' is not valid: 3 to 32 characters, letters, digits and single hyphens, "
            "beginning with a letter.",
            inner=("BadArgument",),
        )


class OnlineEndpoint(Behaviour):
    """A name, keys, and the share of requests that each deployment gets."""

    noun = "online endpoint"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        _check_name("endpoint", id.name)
        values = dict(body.get("properties") or {})
        if existing is None:
            self._check_unique(call.context, id)
        elif properties(existing)["provisioningState"] in BUSY:
            raise BadRequest(_busy(id.name, existing))
        mode = str(values.get("authMode") or "Key").lower()
        if mode not in AUTH_MODES:
            raise BadRequest(f"'{values['authMode']}' is not a valid authMode.", inner=("RequestInvalid",))
        values["authMode"] = AUTH_MODES[mode]
        old = properties(existing) if existing else {}
        if not values.get("traffic") and not call.context.parity.holds("endpoint-put-replaces-traffic"):
            values["traffic"] = old.get("traffic") or {}
        values["traffic"] = _weights(call.context, id, values.get("traffic") or {}, "traffic")
        values["mirrorTraffic"] = _weights(call.context, id, values.get("mirrorTraffic") or {}, "mirror traffic")
        # The answer to the PUT still shows the old state; the new one comes with the operation's end.
        shown = {"traffic": {}, "mirrorTraffic": {}, **old} if existing else {**values, "traffic": {}}
        shown["provisioningState"] = "Updating" if existing else "Creating"
        identity = body.get("identity") or {"type": "SystemAssigned"}
        return {
            "location": LOCATION,
            "kind": "Managed",
            "tags": {},
            **body,
            "identity": identity,
            "properties": {"publicNetworkAccess": "Enabled", **shown},
            "_next": values,
        }

    @staticmethod
    def _check_unique(context: Context, id: ResourceId) -> None:
        if not context.parity.holds("endpoint-name-unique"):
            return
        for other in context.store.of_type("workspaces/onlineEndpoints"):
            if other.id.name.lower() == id.name.lower():
                raise BadRequest(
                    "There is already an endpoint with this name. Endpoint name needs to be unique "
                    "within a region.",
                    inner=("BadArgument",),
                )

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Body:
        context = call.context
        if context.store.read("endpoint-keys", id.key) is None:
            keys = {name: secrets.token_urlsafe(32) for name in ("primaryKey", "secondaryKey")}
            context.store.write("endpoint-keys", id.key, keys)

        def work() -> None:
            with context.store.transaction():
                resource = context.store.get(id)
                if resource is None:
                    raise ServiceError(f"The endpoint {id.name} was deleted.", code="ResourceNotFound")
                body = dict(resource.body)
                values = {"publicNetworkAccess": "Enabled", **body.pop("_next", properties(resource))}
                body["properties"] = {**values, "provisioningState": "Succeeded"}
                context.store.put(id, body)

        return operations.start(context, id, "oeidp", work)

    def view(self, context: Context, resource: Resource) -> Body:
        values = dict(properties(resource))
        ready = values.get("provisioningState") != "Creating"
        base = f"{context.base}/endpoints/{resource.id.name.lower()}"
        values["scoringUri"] = f"{base}/score" if ready else None
        values["swaggerUri"] = f"{base}/swagger.json" if ready else None
        known = {"azureml.onlineendpointid": resource.id.key}
        values["properties"] = {**known, **(values.get("properties") or {})}
        return {**resource.body, "properties": {"compute": None, **values}}

    def patch(self, call: Call, resource: Resource, changes: Body) -> Body:
        if call.context.parity.holds("endpoint-patch"):
            for member in changes:
                if member not in ("tags", "identity"):
                    raise BadRequest(
                        f"Could not find member '{member}' on object of type "
                        "'PartialMinimalTrackedResourceWithIdentity'.",
                        inner=("RequestInvalid",),
                    )
        changed = {**resource.body, **{k: v for k, v in changes.items() if k == "identity"}}
        changed["tags"] = {**(resource.body.get("tags") or {}), **(changes.get("tags") or {})}
        changed["properties"] = {**properties(resource), **(changes.get("properties") or {})}
        return changed

    def delete(self, call: Call, resource: Resource) -> Body:
        context, id = call.context, resource.id
        set_state(context, id, "Deleting")

        def work() -> None:
            for deployment in context.store.children(id, "deployments"):
                context.instances.stop(deployment.id)
            context.store.delete(id)
            context.store.forget("endpoint-keys", id.key)

        return operations.start(context, id, "oe", work)

    def missing(self, id: ResourceId) -> ServiceError:
        return NotFound(
            f"An endpoint with the name '{id.name}' does not exist in the workspace '{id.workspace.name}'. "
            "Please check the endpoint name and also ensure the current user has access to it.",
            inner=("NotFound", "EndpointNotFound"),
        )


def _busy(name: str, existing: Resource) -> str:
    state = properties(existing)["provisioningState"]
    return f"Cannot create a deployment in endpoint {name} because it is in {state} provisioning state"


def _weights(context: Context, id: ResourceId, given: dict[str, Any], what: str) -> dict[str, int]:
    """A map of shares, checked: existing deployments, whole percentages, a sum of 0 or 100 (mirror: one, ≤ 50)."""
    known = {d.id.name.lower(): d.id.name for d in context.store.children(id, "deployments")}
    weights: dict[str, int] = {}
    for name, share in given.items():
        if name.lower() not in known:
            raise BadRequest(f"The {what} names the deployment '{name}', which does not exist.")
        if not isinstance(share, int) or not 0 <= share <= 100:
            raise BadRequest(f"The {what} of '{name}' must be a whole number from 0 to 100, it is {share}.")
        weights[known[name.lower()]] = share
    total = sum(weights.values())
    if what == "traffic" and total not in (0, 100):
        raise BadRequest(f"The traffic must add up to 0 or 100, it adds up to {total}.")
    if what != "traffic" and (total > 50 or sum(1 for share in weights.values() if share) > 1):
        raise BadRequest("Mirror traffic goes to one deployment and is at most 50.")
    return weights


class OnlineDeployment(Behaviour):
    """A model behind an endpoint: instances of its code, started when it is put."""

    noun = "online deployment"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        _check_name("deployment", id.name)
        context, values = call.context, dict(body.get("properties") or {})
        endpoint = context.store.get(id.parent)
        if endpoint is None:
            raise OnlineEndpoint().missing(id.parent)
        if properties(endpoint)["provisioningState"] in BUSY:
            raise BadRequest(_busy(id.parent.name, endpoint))
        if existing is not None:
            self._check_existing(context, id, existing)
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
            raise not_a_form("instanceType")
        if not values.get("codeConfiguration") or not values.get("environmentId"):
            raise NotSupported("online deployments without code and environment (no-code deployment)")
        model = ResourceId.parse(str(values.get("model") or ""))
        if values.get("model") and (model is None or context.store.get(model) is None):
            name = f"{model.parent.name}:{model.name}" if model else values["model"]
            raise BadRequest(
                f"The model {name} does not exist in the workspace.", inner=("NotFound", "ModelNotFound")
            )
        if environments.find(context, id.workspace, str(values["environmentId"])) is None:
            reference = str(values["environmentId"]).rpartition("/environments/")[2]
            raise BadRequest(f"The environment {reference} does not exist in the workspace.", inner=("NotFound",))

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Body:
        context = call.context

        def work() -> None:
            inside.check_endpoint(context, id.parent)
            context.instances.provision(id)
            set_state(context, id, "Succeeded", _provisioned=True)

        return operations.start(context, id, "od", work, lambda error: set_state(context, id, "Failed"))

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

    def patch(self, call: Call, resource: Resource, changes: Body) -> Body:
        raise NotSupported("PATCH workspaces/onlineEndpoints/deployments")

    def delete(self, call: Call, resource: Resource) -> Body:
        context, id = call.context, resource.id
        endpoint = context.store.get(id.parent)
        weight = (properties(endpoint).get("traffic") or {}).get(id.name, 0) if endpoint else 0
        if weight and context.parity.holds("deployment-delete-with-traffic"):
            raise BadRequest(
                f"Can't delete deployment [{id.name}] with non-zero traffic weight", inner=("BadArgument",)
            )
        set_state(context, id, "Deleting")

        def work() -> None:
            context.instances.stop(id)
            with context.store.transaction():
                context.store.delete(id)
                _drop_from_traffic(context, id)

        return operations.start(context, id, "od", work)

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


def set_state(context: Context, id: ResourceId, state: str, **extra: Any) -> None:
    with context.store.transaction():
        resource = context.store.get(id)
        if resource is not None:
            values = {**properties(resource), "provisioningState": state}
            context.store.put(id, {**resource.body, **extra, "properties": values})


# -- actions -----------------------------------------------------------------------------------------


def _known(call: Call) -> Resource:
    resource = call.context.store.get(call.id.parent.child(*call.id.pairs[-1]))
    if resource is None:
        raise OnlineEndpoint().missing(call.id)
    return resource


def list_keys(call: Call) -> Response:
    """POST …/listKeys."""
    return answer(call.context.store.read("endpoint-keys", _known(call).id.key))


def regenerate_keys(call: Call) -> Response:
    """POST …/regenerateKeys: a new value for one of the two keys."""
    body, key = call.json(), _known(call).id.key
    field = f"{str(body.get('keyType', 'Primary')).lower()}Key"
    if field not in ("primaryKey", "secondaryKey"):
        raise BadRequest(f"'{body.get('keyType')}' is not a valid keyType.", inner=("RequestInvalid",))
    known = (call.context.store.read("endpoint-keys", key) or {}).get(field)
    # the SDK sends the key that is to be replaced
    asked = body.get("keyValue")
    value = asked if asked and asked != known else secrets.token_urlsafe(32)
    call.context.store.update("endpoint-keys", key, **{field: value})
    return Response(b"", 200)


def token(call: Call) -> Response:
    """POST …/token: opens this endpoint and nothing else. Good for 24 hours, to be renewed after 12."""
    endpoint = _known(call).id.key
    text, expires = call.context.signer.token(endpoint, issuer=ISSUER, subject=endpoint)
    refresh = int(time.time()) + 12 * 3600
    return answer(
        {
            "accessToken": text,
            "tokenType": "Bearer",
            "expiryTimeUtc": expires,
            "refreshAfterTimeUtc": refresh,
        }
    )


def get_logs(call: Call) -> Response:
    """POST …/getLogs: the state of the instance, then the end of its output."""
    resource = _known(call)
    body = call.json()
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
    text = "" if kind == "StorageInitializer" else call.context.instances.log(resource.id, lines)
    started = "Succeeded" if call.context.instances.alive(resource.id) else "Failed"
    head = "".join(
        f"{part}: {'Succeeded' if part != 'UserContainerStart' else started}\n"
        for part in ("SystemSetup", "UserContainerImagePull", "ModelDownload", "UserContainerStart")
    )
    return answer({"content": f"Instance status:\n{head}\nContainer logs:\n{text}"})


def settings_of(resource: Resource) -> tuple[float, int]:
    """(seconds that a request may take, requests at once in an instance) of a deployment."""
    from ..steps.durations import seconds

    values = {**REQUEST_SETTINGS, **(properties(resource).get("requestSettings") or {})}
    limit = seconds(values["requestTimeout"])
    return (limit if limit else math.inf), int(values["maxConcurrentRequestsPerInstance"] or 1)
