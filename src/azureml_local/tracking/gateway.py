"""The gateway before the tracking servers: `/mlflow/v2.0{workspace}/api/2.0/mlflow/…`."""

from __future__ import annotations

import re

import anyio.to_thread
import httpx
from starlette.responses import Response

from ..arm.errors import NotFound
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.upstream import Upstream
from .servers import TrackingServers

PATTERN = re.compile(
    r"^/mlflow/v[12]\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)(?P<rest>/api/.*)$", re.IGNORECASE
)
REFUSED = (
    ("tracking-logged-models", re.compile(r"/mlflow/logged-models(/|$)"), 404),
    ("tracking-traces", re.compile(r"/mlflow/traces(/|$)"), 403),
)
"""(rule, what it concerns, the status): the body is empty, as there."""
PASSED_BACK = ("content-type",)


async def forward(call: Call) -> Response:
    """Pass a request on to the workspace's server."""
    found = PATTERN.match(call.path)
    workspace = ResourceId.parse(found["workspace"]) if found else None
    if found is None or workspace is None:
        raise NotFound(f"{call.path} is no address of the tracking server.", inner=("NotFound",))
    for rule, pattern, status in REFUSED:
        if pattern.search(found["rest"]) and call.context.parity.holds(rule):
            return Response(b"", status)
    servers = call.context.part(TrackingServers)
    address = await anyio.to_thread.run_sync(servers.address, workspace)
    url = httpx.URL(f"{address}{found['rest']}", query=call.query.encode())
    headers = {"Content-Type": call.headers.get("content-type", "application/json")}
    client = call.context.part(Upstream).client
    answer = await client.request(call.method, url, content=call.content, headers=headers)
    kept = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
    return Response(answer.content, answer.status_code, headers=kept)
