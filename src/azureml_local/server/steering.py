"""What the person at this machine may ask of the emulator itself: the time, and faults."""

from __future__ import annotations

from starlette.responses import Response

from ..arm.errors import BadRequest, NotSupported
from ..arm.faults import Fault, Faults
from ..arm.requests import Call, answer

CLOCK = "clock"
"""The kind of document that holds how far the clock was moved."""


def clock(call: Call) -> Response:
    """GET /clock: what time it is. POST with `seconds`: let them pass."""
    context = call.context
    if call.method == "POST":
        seconds = call.body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise BadRequest(f"The seconds are a number, not {seconds!r}.")
        try:
            context.clock.move(seconds)
        except ValueError as error:
            raise BadRequest(f"{error}.") from error
        context.store.write(CLOCK, "", {"ahead": context.clock.ahead})
    return answer({"now": context.clock.now(), "ahead": context.clock.ahead})


def faults(call: Call) -> Response:
    """GET /faults: what was asked for. POST: one more. DELETE: none any more."""
    part = call.context.part(Faults)
    if call.method == "POST":
        part.add(Fault.of(call.body))
    elif call.method == "DELETE":
        part.clear()
    elif call.method != "GET":
        raise NotSupported(f"{call.method} /faults")
    return answer({"faults": part.listed()})
