"""The whole server, in one list: what it answers, to whom, and what they must hold.

Azure Resource Manager compares paths without case, which routes of starlette do not: so the rows are patterns.
"""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ..access import guard, needs, report
from ..access.decision import Need
from ..arm import handlers, operations
from ..arm.context import Context
from ..arm.errors import ServiceError
from ..arm.faults import Dropping, Faults
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.upstream import Upstream
from ..endpoints.front import Scoring
from ..identity import discovery, federation
from ..monitor import logs, metrics
from ..registries import exchange, registry
from ..storage import blobs, places
from ..studio import pages
from ..tracking import gateway, history
from . import doors, steering
from .doors import Door

Handler = Callable[[Call], Response | Awaitable[Response]]
Asks = Callable[[Call], Iterable[Need]]


def person(call: Call) -> Iterable[Need]:
    """Asks that it is the person at this machine."""
    guard.check_person(call.principal)
    return ()


def nothing(call: Call) -> Iterable[Need]:
    """Asks for no right."""
    return ()


def no_run(call: Call) -> Iterable[Need]:
    """Asks for no right, but a run's own token is for tracking only."""
    return [needs.NOT_OF_RUNS] if call.principal.run else ()


@dataclass(frozen=True)
class Row:
    """What is answered below an address. `door` is how the caller is known, `asks` what they must hold."""

    pattern: re.Pattern[str]
    handler: Handler
    door: Door
    asks: Asks = nothing


ROWS = (
    # how clients find the emulator
    Row(re.compile(r"^/metadata/endpoints$"), discovery.cloud_metadata, doors.everybody),
    Row(re.compile(r"^/discovery$"), discovery.discovery, doors.everybody),
    Row(re.compile(r"^/health$"), lambda call: answer({"status": "Healthy"}), doors.everybody),
    # who gets a token: these compare secrets and assertions themselves
    Row(re.compile(r"^/msi/token$"), discovery.managed_identity_token, doors.everybody),
    Row(re.compile(r"^/github/token$"), federation.github_token, doors.everybody),
    Row(re.compile(r"^/[^/]+/oauth2/v2\.0/token$"), federation.exchange, doors.everybody),
    Row(re.compile(r"^/studio(/.*)?$"), pages.page, doors.everybody),
    # storage
    Row(places.ADDRESS, blobs.handle, doors.blob, needs.of_blob),
    # tracking and run history
    Row(gateway.PATTERN, gateway.forward, doors.token, needs.of_tracking),
    Row(re.compile(r"^/(history|data)/v1\.0/", re.I), history.handle, doors.token, needs.of_history),
    # the emulator itself
    Row(re.compile(r"^/permissions$"), report.permissions, doors.token, person),
    Row(re.compile(r"^/clock$"), steering.clock, doors.token, person),
    Row(re.compile(r"^/faults$"), steering.faults, doors.token, person),
    # Azure Monitor
    Row(metrics.BATCH, metrics.get_batch, doors.monitor, metrics.batch_needs),
    Row(metrics.OF_RESOURCE, metrics.of_resource, doors.token, metrics.resource_needs),
    Row(logs.ADDRESS, logs.query, doors.monitor, logs.needs),
    Row(logs.OF_WORKSPACE, logs.of_workspace, doors.monitor),
    # registries: how they are found, and what is in them
    Row(registry.DISCOVERY, registry.discover, doors.token, no_run),
    Row(exchange.DATA_PLANE, exchange.handle, doors.token, needs.of_resource),
    # Azure Resource Manager
    Row(re.compile(r"/mfeoperations?(status|results)/[^/]+$", re.I), operations.status, doors.token, no_run),
    Row(re.compile(r"^/(subscriptions|providers)/", re.I), handlers.handle, doors.token, needs.of_resource),
)
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"]


def create(context: Context) -> ASGIApp:
    """The application; scoring addresses are answered in front of it.

    Work that a request begins goes on in threads of `context.workers`.
    """

    async def handle(request: Request) -> Response:
        # the path as it was meant: request.url quotes some of its characters again, but not all
        path = request.scope["path"]
        call = Call(context, request.method, path, request.url.query, request.headers, b"")
        try:
            return await context.part(Faults).around(call, lambda: _answer(call, request))
        except ServiceError as error:
            return error.response()
        except Exception as error:  # noqa: BLE001 - the caller gets an answer, the log the reason
            traceback.print_exc()
            message = f"InternalServerError: {type(error).__name__}: {error}"
            return ServiceError(message, code="ServiceError").response()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await context.part(Upstream).close()

    home = Route("/", lambda request: RedirectResponse("/studio"))
    routes = [home, Route("/{path:path}", handle, methods=METHODS)]
    return Dropping(Scoring(context, Starlette(routes=routes, lifespan=lifespan)))


async def _answer(call: Call, request: Request) -> Response:
    """Find the row, let the caller in, ask for their rights, and answer."""
    row = next((row for row in ROWS if row.pattern.search(call.path)), None)
    principal = (row.door if row else doors.token)(call)
    if row is None:
        raise ServiceError(f"{call.method} {call.path} is not an address of azureml_local.", status=404)
    call = replace(call, content=await request.body(), principal=principal)

    def ask() -> None:
        guard.check(call.context, principal, row.asks(call), ResourceId.parse(call.path))

    def ask_and_answer() -> Response:
        ask()
        found = row.handler(call)
        assert isinstance(found, Response)  # noqa: S101 - for the type checker
        return found

    if not inspect.iscoroutinefunction(row.handler):
        return await anyio.to_thread.run_sync(ask_and_answer)
    if row.asks is not nothing:
        await anyio.to_thread.run_sync(ask)
    response: Response = await row.handler(call)
    return response
