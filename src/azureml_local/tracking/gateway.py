"""The gateway before the tracking servers: `/mlflow/v2.0{workspace}/api/2.0/mlflow/…`."""

from __future__ import annotations

import re

import anyio.to_thread
import httpx
from starlette.requests import Request
from starlette.responses import Response

from ..access import needs as permissions
from ..access.decision import Principal
from ..access.refusals import refusal
from ..arm.context import Context
from ..arm.errors import error_response
from ..arm.ids import ResourceId

PATTERN = re.compile(
    r"^/mlflow/v[12]\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)(?P<rest>/api/.*)$", re.IGNORECASE
)
REFUSED = (
    ("tracking-logged-models", re.compile(r"/mlflow/logged-models(/|$)"), 404),
    ("tracking-traces", re.compile(r"/mlflow/traces(/|$)"), 403),
)
"""(rule, what it concerns, the status): the body is empty, as there."""
PASSED_BACK = ("content-type",)


async def forward(
    context: Context, client: httpx.AsyncClient, request: Request, principal: Principal
) -> Response | None:
    """Pass a request on to the workspace's server; None for another address."""
    found = PATTERN.match(request.url.path)
    if found is None:
        return None
    for rule, pattern, status in REFUSED:
        if pattern.search(found["rest"]) and context.parity.holds(rule):
            return Response(b"", status)
    workspace = ResourceId.parse(found["workspace"])
    if workspace is None:
        return None
    needs = permissions.of_tracking(found["rest"], str(workspace))
    if principal.is_identity and context.parity.holds("rbac"):
        for need in needs:
            if not context.access.allowed(principal, need):
                return error_response(refusal(principal, need))
    address = await anyio.to_thread.run_sync(context.tracking.address, workspace)
    url = httpx.URL(f"{address}{found['rest']}", query=request.url.query.encode())
    headers = {"Content-Type": request.headers.get("content-type", "application/json")}
    body = await request.body()
    answer = await client.request(request.method, url, content=body, headers=headers)
    kept = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
    return Response(answer.content, answer.status_code, headers=kept)
