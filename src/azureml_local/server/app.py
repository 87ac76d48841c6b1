"""The whole server, in one list: what it answers, in which order, and who may ask."""

from __future__ import annotations

import re
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio.to_thread
import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..access import guard as inside
from ..access import needs as permissions
from ..access import report
from ..access.decision import Principal, principal_of
from ..arm import handlers as resources
from ..arm import operations
from ..arm.context import Context
from ..arm.errors import ServiceError, error_response
from ..arm.requests import NOBODY, Call, answer, parse_query
from ..arm.signer import MANAGEMENT, STORAGE
from ..endpoints.router import Router
from ..identity import discovery as identity
from ..identity import federation, managed
from ..storage import blobs
from ..studio import pages as studio
from ..tracking import gateway, history

Handler = Callable[[Call], Response]

OPEN: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (re.compile(r"^/metadata/endpoints$"), identity.cloud_metadata),
    (re.compile(r"^/discovery$"), identity.discovery),
    (re.compile(r"^/msi/token$"), identity.managed_identity_token),
    (re.compile(r"^/github/token$"), federation.github_token),
    (re.compile(r"^/[^/]+/oauth2/v2\.0/token$"), federation.exchange),
    (re.compile(r"^/health$"), lambda call: answer({"status": "Healthy"})),
    (re.compile(r"^/studio(/.*)?$"), studio.page),
)
"""Answered without a token: how clients find the emulator, and where pages are."""

WITH_TOKEN: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (re.compile(r"/mfeoperations?(status|results)/[^/]+$", re.I), operations.status),
    (re.compile(r"^/permissions$"), report.permissions),
    (re.compile(r"^/(history|data)/v1\.0/", re.I), history.handle_or_refuse),
    (re.compile(r"^/(subscriptions|providers)/", re.I), resources.handle),
)


def create(context: Context) -> Starlette:
    """The application. Work that a request begins goes on in threads of `context.workers`."""
    limits = httpx.Limits(max_connections=512, max_keepalive_connections=64)
    client = httpx.AsyncClient(limits=limits, timeout=120, trust_env=False)
    router = Router(context, client)

    async def handle(request: Request) -> Response:
        try:
            return await respond(request)
        except ServiceError as error:
            return error_response(error)

    async def respond(request: Request) -> Response:
        response = await router(request)
        if response is None:
            path = request.url.path
            for pattern, handler in OPEN:
                if pattern.match(path):
                    return await _in_thread(context, request, handler)
            refused = _refusal(context, request)
            response = refused or await gateway.forward(context, client, request, principal(context, request))
        return response or await _in_thread(context, request, _dispatch)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await client.aclose()

    methods = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"]
    return Starlette(
        routes=[
            Route("/", lambda request: RedirectResponse("/studio")),
            Route("/{path:path}", handle, methods=methods),
        ],
        lifespan=lifespan,
    )


def _dispatch(call: Call) -> Response:
    place = blobs.matches(call.path)
    if place:
        account = inside.account_id(call.context, place.container.partition("/")[0])
        call.require(*permissions.of_blob(call, account, is_container=not place.path))
        return blobs.handle(call, place)
    for pattern, handler in WITH_TOKEN:
        if pattern.search(call.path):
            return handler(call)
    raise ServiceError(f"{call.method} {call.path} is not an address of azureml_local.", status=404)


def _refusal(context: Context, request: Request) -> Response | None:
    """401 unless the request shows a token of ours, or for a blob a signature."""
    token, place = _shown(request), blobs.matches(request.scope["path"])
    if _principal_of_token(context, request):
        return None
    if place:
        call = _call(context, request, b"")
        signed = context.signer.sas_allows(call.parameters, place.container, blobs.permission(call))
        if signed and managed.delegate(context, call.parameter("skoid")) is not None:
            return None
        return Response(b"", 403, headers={"x-ms-error-code": "AuthenticationFailed"})
    message = (
        "The request has no valid token. Use the variables that `mlops local env` prints."
        if not token
        else "The token is not one of this emulator, or it has expired."
    )
    return error_response(ServiceError(message, code="AuthenticationFailed", status=401))


def _shown(request: Request) -> str:
    """The token that a request shows, or ""."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _principal_of_token(context: Context, request: Request) -> Principal | None:
    """Whoever the request's token names; None unless it is one for this address."""
    audiences = STORAGE if blobs.matches(request.scope["path"]) else (context.base, *MANAGEMENT)
    claims = context.signer.claims(_shown(request), audiences)
    return principal_of(claims) if claims else None


def principal(context: Context, request: Request) -> Principal:
    """Whoever the request's token or user delegation names."""
    found = _principal_of_token(context, request)
    return found or managed.delegate(context, parse_query(request.url.query).get("skoid", "")) or NOBODY


def _call(context: Context, request: Request, content: bytes) -> Call:
    # the path as it was meant: request.url quotes some of its characters again, but not all
    path = request.scope["path"]
    who = principal(context, request)
    return Call(context, request.method, path, request.url.query, request.headers, content, who)


async def _in_thread(context: Context, request: Request, handler: Handler) -> Response:
    call = _call(context, request, await request.body())

    def run() -> Response:
        try:
            return handler(call)
        except ServiceError as error:
            return error_response(error)
        except Exception as error:  # noqa: BLE001 - the caller gets an answer, the log the reason
            traceback.print_exc()
            problem = ServiceError(f"InternalServerError: {type(error).__name__}: {error}", code="ServiceError")
            return error_response(problem)

    return await anyio.to_thread.run_sync(run)
