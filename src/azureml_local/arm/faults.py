"""Faults on demand: what runs on Azure has to bear its throttling, its time-outs and its lost connections.

A fault strikes requests before they reach their handler, or after it has done its work: the caller cannot tell.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .context import Part
from .errors import ArmError, BadRequest
from .ids import ResourceId
from .requests import Call

DROP = "azureml_local.drop"
"""The message that stands for a connection that is lost; `Dropping` sees to it."""
MEMBERS: dict[str, tuple[type, ...]] = {
    "operation": (str,),
    "status": (int,),
    "delay": (int, float),
    "drop": (bool,),
    "after": (bool,),
    "call": (int,),
    "times": (int,),
}
"""What a fault is asked for with."""
FRONT_END = "/mferp/managementfrontend"
"""What stands before the ids of a registry's contents, where clients are led to."""
SPARED = ("/faults", "/clock", "/health")
"""What steers the emulator itself is never struck."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and with which requests.

    `operation` is a method and a type, with the name of an action (`PUT workspaces/onlineEndpoints`,
    `LIST workspaces/jobs`, `POST workspaces/jobs/cancel`), or a method and an address (`POST /endpoints/e/score`);
    `*` stands for anything. It strikes from the `call`-th such request on, `times` times (0: for ever), with an
    answer of `status`, a `delay` in seconds, or a dropped connection; `after` says that the work is done first.
    """

    operation: str
    status: int = 0
    delay: float = 0.0
    drop: bool = False
    after: bool = False
    call: int = 1
    times: int = 1
    seen: int = 0
    """How many such requests there were."""

    @classmethod
    def of(cls, body: dict[str, Any]) -> Fault:
        """A fault as it was asked for. Raises BadRequest."""
        for name, value in body.items():
            if name not in MEMBERS:
                raise BadRequest(f"A fault has no {name!r}; it has: {', '.join(MEMBERS)}.")
            if type(value) not in MEMBERS[name]:
                raise BadRequest(f"The {name} of a fault is a {MEMBERS[name][-1].__name__}, not {value!r}.")
        fault = cls(**body)
        if not fault.operation or not (fault.drop or fault.delay > 0 or 400 <= fault.status <= 599):
            raise BadRequest("A fault names an operation, and a status from 400 to 599, a delay or a drop.")
        if fault.call < 1 or fault.times < 0:
            raise BadRequest("A fault strikes from the first call on, or a later one, 0 (for ever) or more times.")
        return fault

    @property
    def strikes(self) -> bool:
        """Whether it strikes the last of the requests that it has seen."""
        return self.seen >= self.call and (not self.times or self.seen < self.call + self.times)


class Faults(Part):
    """The faults that were asked for, in their order; the first that strikes a request counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """Each fault with what it has seen."""
        return [asdict(fault) for fault in self._faults]

    async def around(self, call: Call, answer: Callable[[], Awaitable[Response]]) -> Response:
        """The answer to a request, or what befalls it."""
        fault = self._striking(call) if self._faults else None
        if fault is None:
            return await answer()
        await asyncio.sleep(fault.delay)
        spoiled = fault.drop or fault.status
        if fault.after or not spoiled:
            response = await answer()
        if fault.drop:
            return Dropped()
        if fault.status:
            word = HTTPStatus(fault.status).phrase.replace(" ", "")
            return ArmError(word, "A fault that was asked for (mlops local fault).", fault.status).response()
        return response

    def _striking(self, call: Call) -> Fault | None:
        names = _names(call)
        struck = None
        with self._lock:
            for place, fault in enumerate(self._faults):
                if not any(fnmatch(name, fault.operation.lower()) for name in names):
                    continue
                seen = self._faults[place] = replace(fault, seen=fault.seen + 1)
                struck = struck or (seen if seen.strikes else None)
        return struck


def _names(call: Call) -> list[str]:
    """What a request may be called in a fault, in lower case."""
    if call.path.startswith(SPARED):
        return []
    names = [f"{call.method} {call.path}"]
    id = ResourceId.parse(call.path.removeprefix(FRONT_END))
    if id is not None:
        method = "LIST" if id.tail and call.method == "GET" else call.method
        names.append(f"{method} {'/'.join(part for part in (id.type, id.tail) if part)}")
    return [name.lower() for name in names]


class Dropped(Response):
    """No answer: the connection is lost."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": DROP})


class Dropping:
    """The application within which a connection can be lost. It goes around everything else."""

    def __init__(self, application: ASGIApp) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watch(message: Any) -> None:
            if message["type"] != DROP:
                await send(message)
                return
            # no part of ASGI ends a connection without an answer; uvicorn's exchange has the transport
            exchange: Any = getattr(send, "__self__")  # noqa: B009 - a function has none, for the type checker
            exchange.transport.abort()
            while not exchange.disconnected:
                await asyncio.sleep(0)

        await self.application(scope, receive, watch)
