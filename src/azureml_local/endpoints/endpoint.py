"""Online endpoints as resources: a name, keys, and the share of requests that each deployment gets."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ..arm.behaviour import Behaviour, Work, properties
from ..arm.context import LOCATION, Context
from ..arm.errors import BadRequest, NotFound, ServiceError
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.states import BUSY, set_state
from ..arm.store import Body, Resource
from ..arm.types import Types
from .instances import Instances
from .routes import KEYS

NAME = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,30}[a-zA-Z0-9]")
AUTH_MODES = {"key": "Key", "amltoken": "AMLToken", "aadtoken": "AADToken"}
ISSUER = "azureml"
"""Who issues the tokens that open an endpoint (AMLToken)."""
REFRESH = 12 * 3600
"""Seconds after which such a token should be renewed; it is good for twice as long."""


def check_name(kind: str, name: str) -> None:
    """Raises BadRequest for a name that no endpoint or deployment can have."""
    if not NAME.fullmatch(name):
        raise BadRequest(
            f"The {kind} name '{name}' is not valid: 3 to 32 characters, letters, digits and single hyphens, "
            "beginning with a letter.",
            inner=("BadArgument",),
        )


class OnlineEndpoint(Behaviour):
    """A name, keys, and the share of requests that each deployment gets."""

    noun = "online endpoint"

    def __init__(self) -> None:
        self.actions = {"listKeys": list_keys, "regenerateKeys": regenerate_keys, "token": token}

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        check_name("endpoint", id.name)
        values = dict(body.get("properties") or {})
        if existing is None:
            self._check_unique(call.context, id)
        elif properties(existing)["provisioningState"] in BUSY:
            raise BadRequest(busy(id.name, existing))
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

    def stored(self, call: Call, id: ResourceId, existing: Resource | None) -> None:
        if existing is None:
            keys = {name: secrets.token_urlsafe(32) for name in ("primaryKey", "secondaryKey")}
            call.context.store.write(KEYS, id.key, keys)

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Work:
        return Work("oeidp", "PUT")

    def make(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        """Put what was asked for in the place of what was shown meanwhile."""
        with context.store.transaction():
            resource = context.store.get(id)
            if resource is None or properties(resource).get("provisioningState") == "Deleting":
                raise ServiceError(f"The endpoint {id.name} was deleted.", code="ResourceNotFound")
            body = dict(resource.body)
            values = {"publicNetworkAccess": "Enabled", **body.pop("_next", properties(resource))}
            body["properties"] = {**values, "provisioningState": "Succeeded"}
            context.store.put(id, body)

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

    def delete(self, call: Call, resource: Resource) -> Work:
        set_state(call.context, resource.id, "Deleting")
        return Work("oe", "DELETE")

    def remove(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        for deployment in context.store.children(id, "deployments"):
            context.part(Instances).stop_deployment(deployment.id)
        with context.store.transaction():
            context.store.delete(id)
            context.store.forget(KEYS, id.key)

    def missing(self, id: ResourceId) -> ServiceError:
        return NotFound(
            f"An endpoint with the name '{id.name}' does not exist in the workspace '{id.workspace.name}'. "
            "Please check the endpoint name and also ensure the current user has access to it.",
            inner=("NotFound", "EndpointNotFound"),
        )


def busy(name: str, existing: Resource) -> str:
    """Why nothing is put into an endpoint now."""
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


def known(call: Call) -> Resource:
    """The endpoint or deployment that an action is about. Raises NotFound."""
    resource = call.context.store.get(call.id.resource)
    if resource is None:
        raise call.context.part(Types).of(call.id.resource).missing(call.id.resource)
    return resource


def list_keys(call: Call) -> Response:
    """POST …/listKeys."""
    return answer(call.context.store.read(KEYS, known(call).id.key))


def regenerate_keys(call: Call) -> Response:
    """POST …/regenerateKeys: a new value for one of the two keys."""
    body, key = call.body, known(call).id.key
    field = f"{str(body.get('keyType', 'Primary')).lower()}Key"
    if field not in ("primaryKey", "secondaryKey"):
        raise BadRequest(f"'{body.get('keyType')}' is not a valid keyType.", inner=("RequestInvalid",))
    before = (call.context.store.read(KEYS, key) or {}).get(field)
    # the SDK sends the key that is to be replaced
    asked = body.get("keyValue")
    value = asked if asked and asked != before else secrets.token_urlsafe(32)
    call.context.store.update(KEYS, key, **{field: value})
    return Response(b"", 200)


def token(call: Call) -> Response:
    """POST …/token: opens this endpoint and nothing else. Good for 24 hours, to be renewed after 12."""
    endpoint = known(call).id.key
    text, expires = call.context.signer.token(endpoint, issuer=ISSUER, subject=endpoint)
    refresh = int(call.context.signer.clock.time()) + REFRESH
    return answer(
        {
            "accessToken": text,
            "tokenType": "Bearer",
            "expiryTimeUtc": expires,
            "refreshAfterTimeUtc": refresh,
        }
    )
