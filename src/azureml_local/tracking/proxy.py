"""Requests that are passed on to a tracking server: the one place that makes their addresses and sends them."""

from __future__ import annotations

import re
import string
from urllib.parse import quote, unquote

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..errors import ServiceError
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
SEGMENT = re.compile(r"(?!\.{1,2}\Z)[^/\\\x00-\x1f\x7f\ud800-\udfff]+")
SAFE = string.punctuation.replace("#", "").replace("\\", "")


def is_plain(path: str) -> bool:
    """True for a decoded path that every server reads in the same way: nothing in it is dropped or joined.

    No empty or dot segment, no backslash, no control character, and none of these after more decoding.
    """
    return path == "/" or (path.startswith("/") and all(map(_is_plain_segment, path[1:].split("/"))))


def _is_plain_segment(segment: str) -> bool:
    while SEGMENT.fullmatch(segment):
        decoded = unquote(segment)
        if decoded == segment:
            return True
        segment = decoded
    return False


def target(server: Server, path: str, query: bytes) -> httpx.URL:
    """The address of a plain path on a server; it is read there as it is written here."""
    text = quote(query, safe=SAFE)
    raw = f"{server.prefix}{quote(path, safe='/')}{'?' if text else ''}{text}"
    return httpx.URL(server.address).copy_with(raw_path=raw.encode())


async def send(
    client: httpx.AsyncClient, server: Server, request: Request, path: str, *, whole: bool = True
) -> Response:
    """Pass a request on, to a plain path. The answer is whole before it is sent on, unless it may be large.

    Raises ServiceError (503) where the server does not answer.
    """
    headers = {name: request.headers[name] for name in SENT if name in request.headers}
    asked = client.build_request(
        request.method,
        target(server, path, request.scope["query_string"]),
        content=await request.body(),
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
