"""The door of scoring addresses: in front of all others, so that a request to a model pays for nothing else."""

from __future__ import annotations

import traceback

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..arm.context import Context
from ..arm.errors import ServiceError
from ..arm.faults import Faults
from ..arm.requests import Call
from .callers import Gone
from .router import PATTERN, Router


class Scoring:
    """Answers scoring addresses itself and leaves all others to the application behind it."""

    def __init__(self, context: Context, application: ASGIApp) -> None:
        self.context = context
        self.application = application
        self._router, self._faults = context.part(Router), context.part(Faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = PATTERN.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.application(scope, receive, send)
            return
        method, headers = scope["method"], Headers(scope=scope)
        call = Call(self.context, method, scope["path"], "", headers, b"")
        try:
            response = await self._faults.around(
                call, lambda: self._router.answer(found, method, headers, receive)
            )
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 - the caller gets an answer, the log the reason
            traceback.print_exc()
            message = f"InternalServerError: {type(error).__name__}: {error}"
            response = ServiceError(message, code="ServiceError").response()
        await response(scope, receive, send)
