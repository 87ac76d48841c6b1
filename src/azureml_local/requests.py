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

from .access.decision import Need, Principal
from .access.refusals import refusal
from .context import Context
from .errors import JSON, BadRequest, ServiceError
from .ids import ResourceId

NOBODY = Principal("", "", "")
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

    def require(self, *needs: Need) -> None:
        """Raise the service's refusal unless whoever asks may (rule rbac).

        Identities of a deployment are held to their roles; the person at this machine owns everything on it.
        """
        if not self.context.parity.holds("rbac") or not (self.principal.is_identity or self.principal.run):
            return
        for need in needs:
            if self.principal.run or not self.context.access.allowed(self.principal, need):
                raise refusal(self.principal, need, ResourceId.parse(self.path))

    def refuse_run(self) -> None:
        """Raise where a run's own token is shown: that is for tracking and run history."""
        if self.principal.run:
            raise ServiceError("The token of a run is for its tracking only.", code="Forbidden", status=403)

    def require_person(self) -> None:
        """Raise unless the person at this machine asks: the emulator itself is no identity's business."""
        self.refuse_run()
        if self.principal.is_identity or not self.principal.oid:
            raise ServiceError("Only the person at this machine may ask this.", code="Forbidden", status=403)

    def json(self) -> dict[str, Any]:
        """The body as an object, with our own address as it is stored; {} where there is none.

        Raises BadRequest for anything else.
        """
        if not self.content.strip():
            return {}
        try:
            body = json.loads(to_stored(self.context, self.content.decode()))
        except ValueError as error:
            raise BadRequest(f"The request body is not JSON: {error}", inner=("RequestInvalid",)) from error
        if not isinstance(body, dict):
            raise BadRequest("The request body must be a JSON object.", inner=("RequestInvalid",))
        return body

    @property
    def id(self) -> ResourceId:
        """The ARM id in the path. Only for paths that hold one."""
        position = 0 if self.path.startswith("/providers/") else self.path.lower().find("/subscriptions/")
        parsed = ResourceId.parse(self.path[position:]) if position >= 0 else None
        if parsed is None:
            raise BadRequest(f"The path {self.path} holds no resource id.")
        return parsed

    def id_url(self, id: ResourceId) -> str:  # noqa: A002
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
