"""Requests that are passed on to a tracking server: the one place that makes their addresses and sends them."""

from __future__ import annotations

import string
from urllib.parse import quote

import httpx
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from ..arm.errors import ServiceError
from ..arm.requests import Call
from ..arm.upstream import Upstream
from .servers import Server

SENT = ("content-type", "range", "if-none-match", "if-modified-since")
PASSED_BACK = (
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "x-content-type-options",
    "x-frame-options",
)
"""The headers that go either way. All others end here: cookies and tokens are the emulator's, not MLflow's."""
SAFE = string.punctuation.replace("#", "").replace("\\", "")


def target(server: Server, path: str, query: bytes) -> httpx.URL:
    """The address of a plain path on a server; it is read there as it is written here."""
    text = quote(query, safe=SAFE)
    raw = f"{server.prefix}{quote(path, safe='/')}{'?' if text else ''}{text}"
    return httpx.URL(server.address).copy_with(raw_path=raw.encode())


async def send(call: Call, server: Server, path: str, *, whole: bool = True) -> Response:
    """Pass a request on, to a plain path. The answer is whole before it is sent on, unless it may be large.

    Raises ServiceError (503) where the server does not answer.
    """
    client = call.context.part(Upstream).client
    headers = {name: call.headers[name] for name in SENT if name in call.headers}
    asked = client.build_request(
        call.method,
        target(server, path, call.query.encode("latin-1")),
        content=call.content,
        headers={**headers, "accept-encoding": "identity", **server.headers},
    )
    try:
        answer = await client.send(asked, stream=True)
        if whole:
            await answer.aread()
    except httpx.HTTPError as error:
        message = f"The tracking server does not answer ({type(error).__name__}). The next request starts it anew."
        raise ServiceError(message, code="ServiceUnavailable", status=503) from error
    kept = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
    if whole:
        return Response(answer.content, answer.status_code, headers=kept)
    return StreamingResponse(
        answer.aiter_raw(), answer.status_code, headers=kept, background=BackgroundTask(answer.aclose)
    )
