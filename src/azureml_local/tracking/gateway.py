"""The gateway before the tracking servers: `/mlflow/v2.0{workspace}/api/2.0/mlflow/…`."""

from __future__ import annotations

import re

import anyio.to_thread
from starlette.responses import Response

from ..arm.errors import NotFound
from ..arm.ids import ResourceId
from ..arm.requests import Call
from .proxy import send
from .servers import TrackingServers

PATTERN = re.compile(
    r"^/mlflow/v[12]\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)(?P<rest>/api/.*)$", re.IGNORECASE
)
REFUSED = (
    ("tracking-logged-models", re.compile(r"/mlflow/logged-models(/|$)"), 404),
    ("tracking-traces", re.compile(r"/mlflow/traces(/|$)"), 403),
)
"""(rule, what it concerns, the status): the body is empty, as there."""


async def forward(call: Call) -> Response:
    """Pass a request on to the workspace's server, on the path that was judged. Raises ServiceError."""
    found = PATTERN.match(call.path)  # decoded once, as the server that it is sent to decodes it
    workspace = ResourceId.parse(found["workspace"]) if found else None
    if found is None or workspace is None:
        raise NotFound(f"{call.path} is no address of tracking.", inner=("NotFound",))
    path = found["rest"]
    for rule, pattern, status in REFUSED:
        if pattern.search(path) and call.context.parity.holds(rule):
            return Response(b"", status)
    if call.context.store.get(workspace) is None:
        raise NotFound(f"The workspace {workspace.name} could not be found.", inner=("NotFound",))
    server = await anyio.to_thread.run_sync(call.context.part(TrackingServers).server, workspace)
    return await send(call, server, path)
