"""The front end of online endpoints: keys, the share of each deployment, limits, and failures as 424."""

from __future__ import annotations

import asyncio
import hmac
import random
import re
import time
import uuid
from typing import Any

import httpx
from starlette.responses import Response

from ..access.decision import Need
from ..access.guard import permits
from ..access.needs import ML
from ..arm.behaviour import properties
from ..arm.context import Context, Part
from ..arm.principals import principal_of
from ..arm.requests import Call
from ..arm.signer import SCORING
from ..arm.store import Resource
from ..arm.upstream import Upstream
from .deployment import settings_of
from .endpoint import ISSUER, KEYS
from .instances import Group, Instances
from .traffic import Traffic

PATTERN = re.compile(r"^/endpoints/(?P<endpoint>[^/]+)/(?P<route>score|swagger\.json)$")
DEPLOYMENT = "azureml-model-deployment"
NO_ROUTE = (
    "No valid deployments to route to. Please check that the endpoint has at least one deployment with "
    "positive weight values or use a deployment specific header to route."
)
CLIENT_REQUEST_ID = re.compile(r"^[\w-]{1,40}$")
PASSED_BACK = ("content-type", "x-ms-server-version", "x-ms-run-function-failed", "x-ms-run-fn-exec-ms")


async def score(call: Call) -> Response:
    """Any request to a scoring address."""
    return await call.context.part(Router).answer(call)


class Router(Part):
    """Answers requests to scoring addresses."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._mirrored: set[asyncio.Task[Response]] = set()
        self._random = random.Random()  # noqa: S311 - shares of traffic, not secrets

    async def answer(self, call: Call) -> Response:
        """The answer to whoever shows a key or a token of the endpoint."""
        found = PATTERN.match(call.path)
        endpoint = self._endpoint(found["endpoint"]) if found else None
        if found is None or endpoint is None:
            return Response("Not found", 404, media_type="text/plain")
        identifier = str(uuid.uuid4())
        response = await self._answer(call, endpoint, found["route"], identifier)
        response.headers["x-request-id"] = response.headers["x-ms-request-id"] = identifier
        own = call.headers.get("x-ms-client-request-id", "")
        if CLIENT_REQUEST_ID.match(own):
            response.headers["x-ms-client-request-id"] = own
        return response

    def _endpoint(self, name: str) -> Resource | None:
        for resource in self.context.store.of_type("workspaces/onlineEndpoints"):
            if resource.id.name.lower() == name.lower():
                return resource
        return None

    async def _answer(self, call: Call, endpoint: Resource, route: str, identifier: str) -> Response:
        refusal = self._refusal(call, endpoint)
        if refusal:
            return Response(refusal, 401, media_type="text/plain")
        named = call.headers.get(DEPLOYMENT)
        name = self._named(endpoint, named) if named else self._choose(endpoint)
        if name is None:
            return Response(NO_ROUTE, 404, media_type="text/plain")
        if not named:
            self._mirror(call, endpoint, route, identifier)
        return await self._recorded(call, endpoint, name, route, identifier)

    async def _recorded(
        self, call: Call, endpoint: Resource, name: str, route: str, identifier: str, *, mirrored: bool = False
    ) -> Response:
        """One request to one deployment, kept for metrics and logs."""
        began = time.perf_counter()
        response = await self._send(call, endpoint, name, route, identifier)
        self.context.part(Traffic).record(
            endpoint.id,
            name,
            status=response.status_code,
            model_status=int(response.headers.get("ms-azureml-model-error-statuscode", response.status_code)),
            ms=(time.perf_counter() - began) * 1000,
            mirrored=mirrored,
            request_id=identifier,
            bytes_in=len(call.content),
            bytes_out=len(response.body),
        )
        return response

    def _refusal(self, call: Call, endpoint: Resource) -> str:
        """Why the caller may not, in the service's words; empty if they may."""
        scheme, _, shown = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not shown:
            return "key_auth_bad_header_forbidden"
        mode = properties(endpoint)["authMode"]
        if mode == "Key":
            keys = self.context.store.read(KEYS, endpoint.id.key) or {}
            allowed = any(hmac.compare_digest(shown.encode(), str(key).encode()) for key in keys.values())
        else:
            signer = self.context.signer
            if mode == "AMLToken":
                allowed = signer.claims(shown, [endpoint.id.key], ISSUER) is not None
            else:
                allowed = self._may_score(signer.claims(shown, [SCORING]) or {}, endpoint)
        return "" if allowed else "key_auth_access_denied"

    def _may_score(self, claims: dict[str, Any], endpoint: Resource) -> bool:
        """A token of Entra gives what its principal's roles give."""
        who = principal_of(claims)
        need = Need((f"{ML}/onlineEndpoints/score/action",), str(endpoint.id))
        return who is not None and not who.run and permits(self.context, who, need)

    def _named(self, endpoint: Resource, name: str) -> str | None:
        names = [d.id.name for d in self.context.store.children(endpoint.id, "deployments")]
        return next((known for known in names if known.lower() == name.lower()), None)

    def _choose(self, endpoint: Resource) -> str | None:
        shares = {n: s for n, s in (properties(endpoint).get("traffic") or {}).items() if s}
        return self._random.choices(list(shares), list(shares.values()))[0] if shares else None

    def _mirror(self, call: Call, endpoint: Resource, route: str, identifier: str) -> None:
        """Send a share of the requests to another deployment too; its answers are dropped."""
        for name, share in (properties(endpoint).get("mirrorTraffic") or {}).items():
            if self._random.random() * 100 < share:
                sent = self._recorded(call, endpoint, name, route, identifier, mirrored=True)
                task = asyncio.ensure_future(sent)
                self._mirrored.add(task)
                task.add_done_callback(self._mirrored.discard)

    async def _send(self, call: Call, endpoint: Resource, name: str, route: str, identifier: str) -> Response:
        """One request to one deployment, within its limits."""
        id = endpoint.id.child("deployments", name)
        group, resource = self.context.part(Instances).group(id), self.context.store.get(id)
        if group is None or resource is None:
            return self._failed(name, 503, "model_not_ready", b"")
        limit, at_once = settings_of(resource)
        if group.pending >= 2 * at_once * max(len(group.instances), 1):
            return self._failed(name, 429, "too_many_pending_request", b"", status=429)
        group.pending += 1
        try:
            return await asyncio.wait_for(self._exchange(call, group, name, route, identifier), limit)
        except TimeoutError:
            return self._failed(name, 504, "model_timeout", b"Request timed out", status=408)
        finally:
            group.pending -= 1

    async def _exchange(self, call: Call, group: Group, name: str, route: str, identifier: str) -> Response:
        instance = group.next()
        if instance is None:
            return self._failed(name, 502, "model_not_ready", b"")
        headers = {
            "content-type": call.headers.get("content-type", "application/json"),
            "x-ms-request-id": identifier,
        }
        url = f"http://127.0.0.1:{instance.port}/{route}"
        try:
            client = self.context.part(Upstream).client
            answer = await client.request(call.method, url, content=call.content, headers=headers, timeout=None)
        except httpx.HTTPError:
            return self._failed(name, 502, "model_error", b"")
        kept = {header: answer.headers[header] for header in PASSED_BACK if header in answer.headers}
        if answer.status_code == 200:
            return Response(answer.content, 200, headers={**kept, DEPLOYMENT: name})
        return self._failed(name, answer.status_code, "model_error", answer.content, kept=kept)

    def _failed(
        self,
        name: str,
        real: int,
        reason: str,
        content: bytes,
        *,
        status: int = 424,
        kept: dict[str, str] | None = None,
    ) -> Response:
        """A failure as callers see it (rule scoring-front-end): the container's status is in a header."""
        shown = status if self.context.parity.holds("scoring-front-end") or status != 424 else real
        headers = {
            "content-type": "text/plain",
            **(kept or {}),
            DEPLOYMENT: name,
            "ms-azureml-model-error-reason": reason,
            "ms-azureml-model-error-statuscode": str(real),
        }
        return Response(content, shown, headers=headers)
