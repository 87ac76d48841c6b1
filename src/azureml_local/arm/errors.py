"""Errors of the service and their form on the wire.

ServiceError                   an answer of the service, a row (status, code, message)
├── NotFound                   404 (EmptyNotFound: without a body)
├── BadRequest                 400
└── ArmError                   an answer of Azure Resource Manager itself: code and message, nothing else
NotSupported                   501: a part of Azure ML that the emulator does not have
"""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

from starlette.responses import Response

JSON = "application/json; charset=utf-8"


class ServiceError(Exception):
    """An error answer in the service's shape.

    `code` is the coarse code (nearly always UserError); `inner` is the chain of precise codes, coarse first;
    `details` are (code, message) pairs. Source: recorded traffic, the error envelope of the management front end.
    """

    status = 500

    def __init__(
        self,
        message: str,
        *,
        code: str = "UserError",
        status: int | None = None,
        inner: tuple[str, ...] = (),
        details: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.inner = inner
        self.details = details
        if status is not None:
            self.status = status

    def body(self) -> dict[str, Any]:
        """The envelope: five entries of additionalInfo are always there, in this order."""
        info: list[dict[str, Any]] = [
            {"type": "ComponentName", "info": {"value": "managementfrontend"}},
            {
                "type": "Correlation",
                "info": {"value": {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]}},
            },
            {"type": "Environment", "info": {"value": "local"}},
            {"type": "Location", "info": {"value": "local"}},
            {"type": "Time", "info": {"value": datetime.datetime.now(datetime.UTC).isoformat()}},
        ]
        if self.inner:
            chain: dict[str, Any] | None = None
            for code in reversed(self.inner):
                chain = {"code": code, "innerError": chain}
            info.append({"type": "InnerError", "info": {"value": chain}})
        details = [{"code": c, "message": m, "details": [], "additionalInfo": []} for c, m in self.details]
        return {"error": {"code": self.code, "message": self.message, "details": details, "additionalInfo": info}}

    def response(self) -> Response:
        """The answer, as Azure Resource Manager sends it."""
        return Response(
            json.dumps(self.body()),
            self.status,
            headers={"x-ms-response-type": "error", "x-ms-error-code": self.code},
            media_type=JSON,
        )


class NotFound(ServiceError):
    """404."""

    status = 404


class EmptyNotFound(NotFound):
    """404 with an empty body, as the service answers for an unknown compute."""

    def response(self) -> Response:
        return Response(b"", self.status, headers={"x-ms-response-type": "standard"})


class BadRequest(ServiceError):
    """400."""

    status = 400


class ArmError(ServiceError):
    """An error of Azure Resource Manager, not of Azure ML behind it."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message, code=code, status=status)

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message}}


class NotSupported(ServiceError):
    """501 with the operation's name: the emulator does not have this part of Azure ML."""

    status = 501

    def __init__(self, operation: str) -> None:
        super().__init__(f"azureml_local does not support {operation}.", code="NotImplemented")


def serving_refusal(message: str, field: str = "") -> BadRequest:
    """A refusal by the serving back end: its text travels as JSON inside the message of a detail."""
    inner = json.dumps({"errors": {field: [message]}, "title": "One or more validation errors occurred."})
    return BadRequest(
        "The request is invalid.", code="BadRequest", details=(("InferencingClientCallFailed", inner),)
    )


def missing_field(field: str) -> BadRequest:
    """A body that lacks a member that it must have."""
    message = f"The request is missing the required field {field}."
    return BadRequest(
        "Request is invalid and/or missing fields.",
        inner=("RequestInvalid",),
        details=(("RequestInvalid", message),),
    )
