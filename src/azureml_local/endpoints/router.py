"""The front end of online endpoints: keys, the share of each deployment, limits, and failures as 424."""

from __future__ import annotations

import asyncio
import hmac
import random
import re
import uuid
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response

from ..access.decision import Need, principal_of
from ..access.needs import ML
from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.signer import SCORING
from ..arm.store import Resource
from .endpoint import ISSUER, settings_of
from .instances import Group

PATTERN = re.compile(r"^/endpoints/(?P<endpoint>[^/]+)/(?P<route>score|swagger\.json)$")
DEPLOYMENT = "azureml-model-deployment"
NO_ROUTE = (
    "No valid deployments to route to. Please check that the endpoint has at least one deployment with "
    "positive weight values or use a deployment specific header to route."
)
CLIENT_REQUEST_ID = re.compile(r"^[\w-]{1,40}$")
PASSED_BACK = ("content-type", "x-ms-server-version", "x-ms-run-function-failed", "x-ms-run-fn-exec-ms")


class Router:
    """Answers requests to scoring addresses."""

    def __init__(self, context: Context, client: httpx.AsyncClient) -> None:
        self.context = context
        self.client = client
        self._mirrored: set[asyncio.Task[Response]] = set()
        self._random = random.Random()  # noqa: S311 - shares of traffic, not secrets

    async def __call__(self, request: Request) -> Response | None:
        """The answer, or None for another address."""
        found = PATTERN.match(request.url.path)
        if found is None:
            return None
        endpoint = self._endpoint(found["endpoint"])
        if endpoint is None:
            return Response("Not found", 404, media_type="text/plain")
        identifier = str(uuid.uuid4())
        response = await self._answer(request, endpoint, found["route"], identifier)
        response.headers["x-request-id"] = response.headers["x-ms-request-id"] = identifier
        own = request.headers.get("x-ms-client-request-id", "")
        if CLIENT_REQUEST_ID.match(own):
            response.headers["x-ms-client-request-id"] = own
        return response

    def _endpoint(self, name: str) -> Resource | None:
        for resource in self.context.store.of_type("workspaces/onlineEndpoints"):
            if resource.id.name.lower() == name.lower():
                return resource
        return None

    async def _answer(self, request: Request, endpoint: Resource, route: str, identifier: str) -> Response:
        refusal = self._refusal(request, endpoint)
        if refusal:
            return Response(refusal, 401, media_type="text/plain")
        named = request.headers.get(DEPLOYMENT)
        name = self._named(endpoint, named) if named else self._choose(endpoint)
        if name is None:
            return Response(NO_ROUTE, 404, media_type="text/plain")
        body = await request.body()
        if not named:
            self._mirror(request, endpoint, route, body, identifier)
        return await self._send(request, endpoint, name, route, body, identifier)

    def _refusal(self, request: Request, endpoint: Resource) -> str:
        """Why the caller may not, in the service's words; empty if they may."""
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not shown:
            return "key_auth_bad_header_forbidden"
        mode = properties(endpoint)["authMode"]
        if mode == "Key":
            keys = self.context.store.read("endpoint-keys", endpoint.id.key) or {}
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
        if who is None or who.run:
            return False
        need = Need((f"{ML}/onlineEndpoints/score/action",), str(endpoint.id))
        return (
            not who.is_identity or not self.context.parity.holds("rbac") or self.context.access.allowed(who, need)
        )

    def _named(self, endpoint: Resource, name: str) -> str | None:
        names = [d.id.name for d in self.context.store.children(endpoint.id, "deployments")]
        return next((known for known in names if known.lower() == name.lower()), None)

    def _choose(self, endpoint: Resource) -> str | None:
        shares = {n: s for n, s in (properties(endpoint).get("traffic") or {}).items() if s}
        return self._random.choices(list(shares), list(shares.values()))[0] if shares else None

    def _mirror(self, request: Request, endpoint: Resource, route: str, body: bytes, identifier: str) -> None:
        """Send a share of the requests to another deployment too; its answers are dropped."""
        for name, share in (properties(endpoint).get("mirrorTraffic") or {}).items():
            if self._random.random() * 100 < share:
                task = asyncio.ensure_future(self._send(request, endpoint, name, route, body, identifier))
                self._mirrored.add(task)
                task.add_done_callback(self._mirrored.discard)

    async def _send(
        self, request: Request, endpoint: Resource, name: str, route: str, body: bytes, identifier: str
    ) -> Response:
        """One request to one deployment, within its limits."""
        id = endpoint.id.child("deployments", name)
        group, resource = self.context.instances.group(id), self.context.store.get(id)
        if group is None or resource is None:
            return self._failed(name, 503, "model_not_ready", b"")
        limit, at_once = settings_of(resource)
        if group.pending >= 2 * at_once * max(len(group.instances), 1):
            return self._failed(name, 429, "too_many_pending_request", b"", status=429)
        group.pending += 1
        try:
            return await asyncio.wait_for(self._exchange(request, group, name, route, body, identifier), limit)
        except TimeoutError:
            return self._failed(name, 504, "model_timeout", b"Request timed out", status=408)
        finally:
            group.pending -= 1

    async def _exchange(
        self, request: Request, group: Group, name: str, route: str, body: bytes, identifier: str
    ) -> Response:
        instance = group.next()
        if instance is None:
            return self._failed(name, 502, "model_not_ready", b"")
        headers = {
            "content-type": request.headers.get("content-type", "application/json"),
            "x-ms-request-id": identifier,
        }
        url = f"http://127.0.0.1:{instance.port}/{route}"
        try:
            answer = await self.client.request(request.method, url, content=body, headers=headers, timeout=None)
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
