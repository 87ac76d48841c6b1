"""A request as handlers see it, and the answers they give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.responses import Response

from .context import Context
from .errors import JSON, BadRequest
from .ids import ResourceId
from .principals import NOBODY, Principal

HERE = "https://azureml-local.invalid"
"""Stands for the server's address in everything that is stored: the port may be another one next time."""


def to_stored(context: Context, text: str) -> str:
    """Text from a client, as it is kept."""
    return text.replace(context.base, HERE).replace(f"{HERE}:443", HERE)


def to_client(context: Context, text: str) -> str:
    """Kept text, as a client gets it."""
    return text.replace(HERE, context.base)


def parse_query(query: str) -> dict[str, str]:
    """The parameters of a query string, names in lower case: the service compares them without case.

    The only reading of a query that decides anything. Raises BadRequest where a parameter is given twice: whoever
    read the first would judge another request than whoever read the last.
    """
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.lower() in parameters:
            raise BadRequest(f"The query gives the parameter {name} more than once.", inner=("RequestInvalid",))
        parameters[name.lower()] = value
    return parameters


@dataclass(frozen=True)
class Call:
    """One request, whole. Handlers are plain functions from a Call to a Response and run in threads."""

    context: Context
    method: str
    path: str
    query: str
    headers: Headers
    content: bytes
    principal: Principal = NOBODY

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The query's parameters by their names in lower case. Raises BadRequest where one is given twice."""
        return parse_query(self.query)

    def parameter(self, name: str, default: str = "") -> str:
        """A query parameter, whatever the case of its name."""
        return self.parameters.get(name.lower(), default)

    @classmethod
    def inside(cls, context: Context, method: str, id: ResourceId, body: object, principal: Principal) -> Call:
        """A request of the emulator's own: what works inside does as it would be done from outside."""
        return cls(context, method, str(id), "", Headers(), json.dumps(body).encode(), principal)

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body as an object, with our own address as it is stored; {} where there is none. To be read only.

        Raises BadRequest for anything else.
        """
        if not self.content.strip():
            return {}
        try:
            body = json.loads(to_stored(self.context, self.content.decode()))
        except ValueError as error:
            raise BadRequest(f"The request body is not JSON: {error}", inner=("RequestInvalid",)) from error
        if not isinstance(body, dict) or not isinstance(body.get("properties") or {}, dict):
            what = "member 'properties'" if isinstance(body, dict) else "request body"
            raise BadRequest(f"The {what} must be a JSON object.", inner=("RequestInvalid",))
        return body

    @property
    def id(self) -> ResourceId:
        """The ARM id in the path. Only for paths that hold one."""
        position = 0 if self.path.startswith("/providers/") else self.path.lower().find("/subscriptions/")
        parsed = ResourceId.parse(self.path[position:]) if position >= 0 else None
        if parsed is None:
            raise BadRequest(f"The path {self.path} holds no resource id.")
        return parsed

    def id_url(self, id: ResourceId) -> str:
        """The address of a resource, with the api-version that was asked with."""
        return f"{self.context.base}{id}?api-version={self.parameter('api-version')}"


def answer_stored(call: Call, body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer made of what is stored."""
    return answer(json.loads(to_client(call.context, json.dumps(body))), status, headers)


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer with the headers that Azure Resource Manager puts on each."""
    return Response(
        json.dumps(body),
        status,
        headers={
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "x-ms-response-type": "standard",
            **(headers or {}),
        },
        media_type=JSON,
    )
