"""The gateway before the tracking servers: `/mlflow/v2.0{workspace}/api/2.0/mlflow/…`."""

from __future__ import annotations

import re

import anyio.to_thread
import httpx
from starlette.requests import Request
from starlette.responses import Response

from ..access import operations as permissions
from ..access.decision import Principal
from ..access.refusals import refusal
from ..context import Context
from ..errors import BadRequest, NotFound, error_response
from ..ids import ResourceId
from .proxy import is_plain, send

PATTERN = re.compile(
    r"^/mlflow/v[12]\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)(?P<rest>/api/.*)$", re.IGNORECASE
)
REFUSED = (
    ("tracking-logged-models", re.compile(r"/mlflow/logged-models(/|$)"), 404),
    ("tracking-traces", re.compile(r"/mlflow/traces(/|$)"), 403),
)
"""(rule, what it concerns, the status): the body is empty, as there."""
KNOWN = re.compile(r"^/api/(2\.0/mlflow(-artifacts)?/|3\.0/mlflow/(traces(/|$)|server-info$))")
"""What clients of MLflow ask to track and to register. Its pages and its other parts are not theirs."""


async def forward(
    context: Context, client: httpx.AsyncClient, request: Request, principal: Principal
) -> Response | None:
    """Pass a request on to the workspace's server; None for another address. Raises ServiceError.

    The path that is judged is the path that is sent.
    """
    found = PATTERN.match(request.scope["path"])  # decoded once, as the server that it is sent to decodes it
    workspace = ResourceId.parse(found["workspace"]) if found else None
    if found is None or workspace is None:
        return None
    path = found["rest"]
    if not is_plain(path) or not KNOWN.match(path):
        raise BadRequest(f"{path!r} is no address of tracking.", inner=("RequestInvalid",))
    for rule, pattern, status in REFUSED:
        if pattern.search(path) and context.parity.holds(rule):
            return Response(b"", status)
    if principal.is_identity and context.parity.holds("rbac"):
        for need in permissions.of_tracking(request.method, path, str(workspace)):
            if not context.access.allowed(principal, need):
                return error_response(refusal(principal, need))
    if context.store.get(workspace) is None:
        raise NotFound(f"The workspace {workspace.name} could not be found.", inner=("NotFound",))
    server = await anyio.to_thread.run_sync(context.tracking.server, workspace)
    return await send(client, server, request, path)
