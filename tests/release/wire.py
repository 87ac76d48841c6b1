"""What befalls the calls that this process makes to the service: counted, and struck from the k-th on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

WRITES = ("PUT", "PATCH", "DELETE")


class Killed(BaseException):
    """The end of a process, as far as the service can tell: after it nothing is sent any more."""


@dataclass
class Wire:
    """Strikes the calls from the `at`-th on, as `kind` says; `at` 0 only counts.

    With `writes` it is the `at`-th write: what was done until then is the same for each read before it.
    """

    kind: str = ""
    at: int = 0
    writes: bool = False
    calls: list[str] = field(default_factory=list)
    struck: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def written(self) -> int:
        return sum(call.startswith(WRITES) for call in self.calls)

    def send(self, real: Callable[..., Any], transport: Any, request: Any, **options: Any) -> Any:
        with self._lock:
            self.calls.append(f"{request.method} {request.url.partition('?')[0]}")
            number = self.written if self.writes else len(self.calls)
            first = bool(self.at) and not self.struck and number >= self.at
            self.struck |= first
        if not self.struck:
            return real(transport, request, **options)
        return KINDS[self.kind](first, lambda: real(transport, request, **options), request, options)


def _killed(first: bool, answer: Callable[[], Any], request: Any, options: Any) -> Any:
    from azure.core.exceptions import ServiceRequestError

    if threading.current_thread() is threading.main_thread():
        raise Killed
    raise ServiceRequestError("this process is gone")  # a poller's thread; the main one ends at its next call


def _answered(status: int) -> Callable[..., Any]:
    def answered(first: bool, answer: Callable[[], Any], request: Any, options: Any) -> Any:
        import requests
        from azure.core.pipeline.transport import RequestsTransportResponse

        response = requests.Response()
        response.status_code, response.reason, response.raw = status, "as asked", _Nothing()
        response._content = b'{"error": {"code": "AsAsked", "message": "as asked"}}'
        response.headers["Content-Type"] = "application/json"
        if hasattr(request, "data"):
            return RequestsTransportResponse(request, response)
        from azure.core.rest._requests_basic import RestRequestsTransportResponse

        return RestRequestsTransportResponse(request=request, internal_response=response, block_size=4096)

    return answered


class _Nothing:
    """Where the bytes of an answer come from that nobody has sent."""

    version = 11

    def close(self) -> None:
        """Nothing is open."""

    def release_conn(self) -> None:
        """Nothing is held."""


def _late(first: bool, answer: Callable[[], Any], request: Any, options: Any) -> Any:
    from azure.core.exceptions import ServiceResponseTimeoutError

    raise ServiceResponseTimeoutError("no answer in time")


def _lost(first: bool, answer: Callable[[], Any], request: Any, options: Any) -> Any:
    """The work is done and its answer is lost, once: the client tries again, and meets its own first attempt."""
    from azure.core.exceptions import ServiceResponseError

    found = answer()
    if first:
        raise ServiceResponseError("the connection was lost")
    return found


KINDS: dict[str, Callable[..., Any]] = {
    "killed": _killed,
    "429": _answered(429),
    "500": _answered(500),
    "time-out": _late,
    "lost": _lost,
}


@contextlib.contextmanager
def wired(kind: str = "", at: int = 0, *, writes: bool = False) -> Iterator[Wire]:
    """Every call that this process makes through azure-core, within the block."""
    from azure.core.pipeline.transport import RequestsTransport

    real, wire = RequestsTransport.send, Wire(kind, at, writes)

    def send(self: Any, request: Any, **options: Any) -> Any:
        return wire.send(real, self, request, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RequestsTransport, "send", send)
        yield wire
