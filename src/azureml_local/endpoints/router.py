"""The front end of online endpoints: keys, the share of each deployment, limits, and failures as 424.

A request whose connection to an instance is lost before its answer is whole is sent to another instance, once:
scoring changes nothing, the caller has got nothing yet, and an instance that is killed would fail its callers
otherwise. (Envoy, the service's front end, can do so only until the answer begins, which it passes on at once.)
"""

from __future__ import annotations

import asyncio
import hmac
import math
import random
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive

from ..access.decision import Need
from ..access.guard import permits
from ..access.needs import ML
from ..arm.context import Context, Part
from ..arm.ids import ResourceId
from ..arm.principals import principal_of
from ..arm.signer import SCORING
from .callers import TooLarge, Waiting, body
from .endpoint import ISSUER
from .exchange import Answer, Lost, Malformed, connect
from .group import Group, Instance
from .instances import Instances
from .routes import Route, Routes
from .traffic import Traffic

PATTERN = re.compile(r"/endpoints/(?P<endpoint>[^/]+)/(?P<route>score|swagger\.json)")
DEPLOYMENT = "azureml-model-deployment"
NO_ROUTE = (
    "No valid deployments to route to. Please check that the endpoint has at least one deployment with "
    "positive weight values or use a deployment specific header to route."
)
CLIENT_REQUEST_ID = re.compile(r"[\w-]{1,40}")
PASSED_BACK = ("content-type", "x-ms-server-version", "x-ms-run-function-failed", "x-ms-run-fn-exec-ms")
CONTENT_TYPE = re.compile(r"[\t -~]{0,1024}")
GONE = 499
"""The status that is noted for a caller who did not wait, as front ends do."""
AGAIN = 1
"""How often a request is sent to another instance after a connection was lost."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, whole, as instances get it."""

    method: str
    head: bytes
    content: bytes
    identifier: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the caller of a deployment gets, and the container's own status (0: it was not asked)."""

    response: Response
    model_status: int


class Router(Part):
    """Answers requests to scoring addresses. All of it runs in the server's loop."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._routes = Routes(context.store)
        self._instances, self._traffic = context.part(Instances), context.part(Traffic)
        self._mirrored: set[asyncio.Task[Response]] = set()
        self._random = random.Random()  # noqa: S311 - shares of traffic, not secrets

    async def answer(self, found: re.Match[str], method: str, headers: Headers, receive: Receive) -> Response:
        """The answer to whoever shows a key or a token of the endpoint. Raises Gone if nobody waits for it."""
        route = self._routes.of(found["endpoint"])
        if route is None:
            return Response("Not found", 404, media_type="text/plain")
        identifier = str(uuid.uuid4())
        response = await self._answer(route, found["route"], method, headers, receive, identifier)
        response.headers["x-request-id"] = response.headers["x-ms-request-id"] = identifier
        own = headers.get("x-ms-client-request-id", "")
        if CLIENT_REQUEST_ID.fullmatch(own):
            response.headers["x-ms-client-request-id"] = own
        return response

    async def _answer(
        self, route: Route, address: str, method: str, headers: Headers, receive: Receive, identifier: str
    ) -> Response:
        if refusal := self._refusal(headers.get("authorization", ""), route):
            return Response(refusal, 401, media_type="text/plain")
        try:
            content = await body(receive, headers)
        except TooLarge:
            return Response("Payload too large", 413, media_type="text/plain")
        # read again: the body may have taken its time
        route = self._routes.of(route.id.name) or route
        named = headers.get(DEPLOYMENT)
        id = self._named(route, named) if named else self._choose(route)
        if id is None:
            return Response(NO_ROUTE, 404, media_type="text/plain")
        request = _request(method, address, headers, content, identifier)
        if not named:
            self._mirror(route, request)
        async with Waiting(receive):
            return await self._send(route, id, request)

    def _refusal(self, authorization: str, route: Route) -> str:
        """Why the caller may not, in the service's words; empty if they may."""
        scheme, _, shown = authorization.partition(" ")
        if scheme.lower() != "bearer" or not shown:
            return "key_auth_bad_header_forbidden"
        if route.mode == "Key":
            sent = shown.encode()
            allowed = any(hmac.compare_digest(sent, key) for key in route.keys)
        elif route.mode == "AMLToken":
            allowed = self.context.signer.claims(shown, [route.id.key], ISSUER) is not None
        else:
            allowed = self._may_score(shown, route.id)
        return "" if allowed else "key_auth_access_denied"

    def _may_score(self, token: str, endpoint: ResourceId) -> bool:
        """A token of Entra gives what its principal's roles give."""
        who = principal_of(self.context.signer.claims(token, [SCORING]) or {})
        need = Need((f"{ML}/onlineEndpoints/score/action",), str(endpoint))
        return who is not None and not who.run and permits(self.context, who, need)

    @staticmethod
    def _named(route: Route, name: str) -> ResourceId | None:
        target = route.targets.get(name.lower())
        return target.id if target else None

    def _choose(self, route: Route) -> ResourceId | None:
        if not route.traffic:
            return None
        (name,) = self._random.choices(list(route.traffic), list(route.traffic.values()))
        return route.id.child("deployments", name)

    def _mirror(self, route: Route, request: Request) -> None:
        """Send a share of the requests to another deployment too; its answers are dropped."""
        for name, share in route.mirror.items():
            if self._random.random() * 100 < share:
                id = route.id.child("deployments", name)
                task = asyncio.ensure_future(self._send(route, id, request, mirrored=True))
                self._mirrored.add(task)
                task.add_done_callback(self._mirrored.discard)

    async def _send(self, route: Route, id: ResourceId, request: Request, *, mirrored: bool = False) -> Response:
        """One request to one deployment, and the note of it."""
        began, status, model_status, length = time.perf_counter(), GONE, 0, 0
        try:
            outcome = await self._limited(route, id, request)
            status, model_status = outcome.response.status_code, outcome.model_status
            length = len(outcome.response.body)
            return outcome.response
        finally:
            self._traffic.record(
                route.id,
                id.name,
                status=status,
                model_status=model_status,
                ms=(time.perf_counter() - began) * 1000,
                mirrored=mirrored,
                request_id=request.identifier,
                bytes_in=len(request.content),
                bytes_out=length,
            )

    async def _limited(self, route: Route, id: ResourceId, request: Request) -> Outcome:
        """Within the limits of the deployment."""
        target, group = route.targets.get(id.name.lower()), self._instances.enter(id)
        if group is None:
            return self._failed(id.name, 503, "model_not_ready")
        try:
            if target is None:
                return self._failed(id.name, 503, "model_not_ready")
            if group.pending > 2 * target.at_once * len(group.instances):
                refused = self._failed(id.name, 429, "too_many_pending_request", status=429)
                return Outcome(refused.response, 0)
            async with asyncio.timeout(None if math.isinf(target.limit) else target.limit):
                answer = await _exchanged(group, request)
        except TimeoutError:
            return self._failed(id.name, 504, "model_timeout", b"Request timed out", status=408)
        finally:
            group.leave()
        return self._passed_back(id.name, answer)

    def _passed_back(self, name: str, answer: Answer | str) -> Outcome:
        """What a caller sees of the container's answer."""
        if isinstance(answer, str):
            return self._failed(name, 502, answer)
        kept = {header: answer.headers[header] for header in PASSED_BACK if header in answer.headers}
        if answer.status == 200:
            return Outcome(Response(answer.body, 200, {**kept, DEPLOYMENT: name}), 200)
        return self._failed(name, answer.status, "model_error", answer.body, kept=kept)

    def _failed(
        self,
        name: str,
        real: int,
        reason: str,
        content: bytes = b"",
        *,
        status: int = 424,
        kept: Mapping[str, str] | None = None,
    ) -> Outcome:
        """A failure as callers see it (rule scoring-front-end): the container's status is in a header."""
        shown = status if self.context.parity.holds("scoring-front-end") or status != 424 else real
        headers = {
            "content-type": "text/plain",
            **(kept or {}),
            DEPLOYMENT: name,
            "ms-azureml-model-error-reason": reason,
            "ms-azureml-model-error-statuscode": str(real),
        }
        return Outcome(Response(content, shown, headers), real)


def _request(method: str, address: str, headers: Headers, content: bytes, identifier: str) -> Request:
    kind = headers.get("content-type", "application/json")
    kind = kind if CONTENT_TYPE.fullmatch(kind) else "application/octet-stream"
    head = (
        f"{method} /{address} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {kind}\r\n"
        f"x-ms-request-id: {identifier}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return Request(method, head.encode("latin-1"), content, identifier)


async def _exchanged(group: Group, request: Request) -> Answer | str:
    """The answer of an instance, or why there is none, in the service's words.

    An instance that takes no connection has not seen the request: the next one is asked. One whose connection was
    lost may have seen it: `AGAIN`.
    """
    tried: list[Instance] = []
    lost = 0
    while instance := group.choose(tried):
        tried.append(instance)
        instance.busy += 1
        try:
            answer = await _asked(instance, request)
        except OSError:
            continue
        except Malformed:
            return "model_error"
        except Lost:
            lost += 1
            if lost > AGAIN:
                return "model_error"
        else:
            return answer
        finally:
            instance.busy -= 1
    return "model_error" if lost else "model_not_ready"


async def _asked(instance: Instance, request: Request) -> Answer:
    """Ask an instance; once more where a connection that it had kept turns out to be closed."""
    while True:
        connection, used = await connect(instance.port, instance.idle)
        try:
            return await connection.ask(request.method, request.head, request.content)
        except Lost as error:
            if error.begun or not used:
                raise
