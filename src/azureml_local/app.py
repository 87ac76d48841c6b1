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

from . import operations, report, resources, studio
from .access import inside
from .access import operations as permissions
from .access.decision import Principal, principal_of
from .context import Context
from .endpoints.router import Router
from .errors import ServiceError, error_response
from .identity import endpoints as identity
from .identity import federation, managed
from .jobs import history
from .requests import Call, answer, parse_query
from .storage import blobs
from .tracking import gateway

Handler = Callable[[Call], Response]

OPEN: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (re.compile(r"^/metadata/endpoints$"), identity.cloud_metadata),
    (re.compile(r"^/discovery$"), identity.discovery),
    (re.compile(r"^/msi/token$"), identity.managed_identity_token),
    (re.compile(r"^/github/token$"), federation.github_token),
    (re.compile(r"^/[^/]+/oauth2/v2\.0/token$"), federation.exchange),
    (re.compile(r"^/health$"), lambda call: answer({"status": "Healthy"})),
)
"""Answered without a token: how clients find the emulator. Pages have a login of their own."""

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
        response = await router(request) or await studio.respond(context, client, request)
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
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    claims = context.signer.claims(token) if scheme.lower() == "bearer" else None
    if claims and claims["iss"] != federation.ISSUER:
        return None
    place = blobs.matches(request.scope["path"])
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


def principal(context: Context, request: Request) -> Principal:
    """Whoever the request's token or user delegation names."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    claims = context.signer.claims(token)
    if claims is None:
        claims = managed.delegate(context, parse_query(request.url.query).get("skoid", ""))
    return principal_of(claims or {})


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
