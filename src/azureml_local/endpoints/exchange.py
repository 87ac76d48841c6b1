"""One request to an instance and its answer: HTTP/1.1 over a connection of this machine.

Of the protocol it knows what a server behind a front end may answer, and takes nothing else (RFC 9112): a message
that can be read in two ways is no answer. Whole answers only: no caller gets half of one with a status of 200.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

LONGEST_HEAD = 64 * 1024
LONGEST_BODY = 100 * 1024 * 1024
"""Bytes of a body, of requests and answers: it is held whole. Azure's pages name no limit but the bandwidth."""
STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t -~\x80-\xff]*)?")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t -~\x80-\xff]*)?")
LENGTH = re.compile(r"[0-9]{1,12}")
ONE_WRITE = 64 * 1024
"""Up to so many bytes head and body are sent together."""


class Lost(Exception):
    """The connection ended before the answer was whole; `begun` says whether any of it had come."""

    def __init__(self, begun: bool) -> None:
        super().__init__("lost")
        self.begun = begun


class Malformed(Exception):
    """What came is no answer of HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an instance; names of headers are in lower case, of one that came twice the first counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool
    """Whether the connection may be used again."""


class Reader:
    """Reads one answer from bytes as they come."""

    def __init__(self, method: str) -> None:
        self._bodiless = method == "HEAD"
        self.received = bytearray()
        self._place = 0
        self._status, self._version = 0, 0
        self._headers: dict[str, str] | None = None
        self._length: int | None = None
        self._chunked = False
        self._chunks: list[bytes] = []
        self._total = 0

    def feed(self, data: bytes) -> Answer | None:
        """Take bytes; the answer once it is whole. Raises Malformed."""
        self.received += data
        while self._headers is None:
            if not self._read_head():
                return None
        if self._chunked:
            return self._answer(b"".join(self._chunks)) if self._read_chunks() else None
        if self._length is None:
            if len(self.received) - self._place > LONGEST_BODY:
                raise Malformed("the answer is too long")
            return None
        if len(self.received) - self._place < self._length:
            return None
        end = self._place + self._length
        body = bytes(memoryview(self.received)[self._place : end])
        self._place = end
        return self._answer(body)

    def end(self) -> Answer | None:
        """The connection was closed: the answer if it was one that ends so."""
        if self._headers is None or self._chunked or self._length is not None:
            return None
        body = bytes(memoryview(self.received)[self._place :])
        self._place = len(self.received)
        return self._answer(body, reusable=False)

    def _answer(self, body: bytes, *, reusable: bool = True) -> Answer:
        headers = self._headers or {}
        said = [option.strip().lower() for option in headers.get("connection", "").split(",")]
        kept = "close" not in said if self._version else "keep-alive" in said
        whole = self._place == len(self.received)
        return Answer(self._status, headers, body, reusable and kept and whole)

    def _read_head(self) -> bool:
        """Read status and headers; False while they are not whole."""
        end = self.received.find(b"\r\n\r\n", self._place)
        if end < 0 or end - self._place > LONGEST_HEAD:
            if len(self.received) - self._place > LONGEST_HEAD:
                raise Malformed("the head is too long")
            return False
        first, *lines = bytes(self.received[self._place : end]).split(b"\r\n")
        self._place = end + 4
        found = STATUS.fullmatch(first)
        if found is None or found[2] == b"101":
            raise Malformed("no status line")
        self._version, self._status = int(found[1]), int(found[2])
        headers = _headers(lines)
        if self._status >= 200:  # others only announce the answer
            self._headers = headers
            self._frame(headers)
        return True

    def _frame(self, headers: Mapping[str, str]) -> None:
        """Where the body ends."""
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if self._bodiless or self._status in (204, 304):
            self._length = 0
        elif coding is not None:
            if coding.lower() != "chunked" or length is not None or not self._version:
                raise Malformed("a body of unknown coding")
            self._chunked = True
        elif length is not None:
            if not LENGTH.fullmatch(length) or int(length) > LONGEST_BODY:
                raise Malformed("a length that is none")
            self._length = int(length)

    def _read_chunks(self) -> bool:
        """Take what chunks are whole; True after the last one and its trailer."""
        while True:
            end = self.received.find(b"\r\n", self._place)
            if end < 0:
                if len(self.received) - self._place > LONGEST_HEAD:
                    raise Malformed("the size of a chunk is too long")
                return False
            found = SIZE.fullmatch(bytes(self.received[self._place : end]))
            if found is None:
                raise Malformed("no size of a chunk")
            size = int(found[1], 16)
            if not size:
                return self._read_trailer(end)
            if self._total + size > LONGEST_BODY:
                raise Malformed("the answer is too long")
            if len(self.received) < end + size + 4:
                return False
            if self.received[end + 2 + size : end + size + 4] != b"\r\n":
                raise Malformed("a chunk longer than its size")
            self._chunks.append(bytes(memoryview(self.received)[end + 2 : end + 2 + size]))
            self._total += size
            # what was taken goes: a long answer is not held twice
            del self.received[: end + size + 4]
            self._place = 0

    def _read_trailer(self, end: int) -> bool:
        """After the last chunk: fields that are dropped, and an empty line. Each begins with a line's end."""
        last = self.received.find(b"\r\n\r\n", end)
        if last < 0:
            if len(self.received) - end > LONGEST_HEAD:
                raise Malformed("the trailer is too long")
            return False
        if last > end:
            _headers(bytes(self.received[end + 2 : last]).split(b"\r\n"))
        self._place = last + 4
        return True


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        found = FIELD.fullmatch(line)
        if found is None:
            raise Malformed("a header that is none")
        name, value = found[1].decode().lower(), found[2].decode("latin-1")
        if name in ("content-length", "transfer-encoding") and headers.get(name, value) != value:
            raise Malformed(f"two values of {name}")
        headers.setdefault(name, value)
    return headers


class Connection(asyncio.Protocol):
    """A connection to an instance, for one request after the other; `idle` is where it waits for the next."""

    def __init__(self, idle: list[Connection]) -> None:
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._reader: Reader | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self.transport: asyncio.Transport | None = None

    async def ask(self, method: str, head: bytes, body: bytes) -> Answer:
        """Send a request and wait for its answer. Raises Lost, Malformed. A cancellation ends the connection."""
        if self.transport is None or self.transport.is_closing():
            raise Lost(False)
        self._reader = Reader(method)
        self._waiting = self._loop.create_future()
        if len(body) <= ONE_WRITE:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)
        try:
            answer = await self._waiting
        except BaseException:
            self.abort()
            raise
        if answer.reusable and not self.transport.is_closing():
            self._idle.append(self)
        else:
            self.abort()
        return answer

    def abort(self) -> None:
        """End the connection now."""
        if self.transport is not None:
            self.transport.abort()

    # -- what the loop says -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its type

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done() or self._reader is None:
            self.abort()  # nobody asked
            return
        try:
            answer = self._reader.feed(data)
        except Malformed as error:
            self._waiting.set_exception(error)
            return
        if answer is not None:
            self._waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        if self._waiting is None or self._waiting.done() or self._reader is None:
            return
        answer = self._reader.end() if exc is None else None
        if answer is not None:
            self._waiting.set_result(answer)
        else:
            self._waiting.set_exception(Lost(bool(self._reader.received)))


async def connect(port: int, idle: list[Connection]) -> tuple[Connection, bool]:
    """A connection to a port of this machine, and whether it was used before. Raises OSError."""
    if idle:
        return idle.pop(), True
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(idle), "127.0.0.1", port)
    return connection, False
