"""Whoever waits for an answer: what they send, and whether they are still there."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from starlette.datastructures import Headers
from starlette.types import Receive

from .exchange import LONGEST_BODY

PATIENCE = 0.05
"""Seconds after which it is looked whether the caller is still there; most answers come sooner."""


class Gone(Exception):
    """The caller has closed the connection."""


class TooLarge(Exception):
    """The body is longer than what is taken."""


async def body(receive: Receive, headers: Headers) -> bytes:
    """The body of a request. Raises TooLarge, before it is read where its length is said, and Gone."""
    said = headers.get("content-length", "")
    if said.isdecimal() and int(said) > LONGEST_BODY:
        raise TooLarge
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > LONGEST_BODY:
            raise TooLarge
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


class Waiting:
    """While the body of this context is at work for a caller: who goes away ends it. Raises Gone then."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watch: asyncio.Task[None] | None = None
        self._gone = False

    async def __aenter__(self) -> Self:
        loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._soon = loop.call_later(PATIENCE, self._look)
        return self

    def _look(self) -> None:
        self._watch = asyncio.ensure_future(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._gone = True
        if self._task is not None:
            self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._soon.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._gone and self._task is not None and kind is asyncio.CancelledError:
            self._task.uncancel()
            raise Gone from error
