"""Azure Resource Manager over HTTP: read, put and delete a resource by its id, and wait for what takes long."""

from __future__ import annotations

from typing import Any

from ..errors import ServiceFailed
from ..workspace.cloud import cloud
from ..workspace.connect import sdk
from ..workspace.credentials import credential

LIMIT = 3600.0
"""Seconds after which an operation is taken to hang."""
INTERVAL = 5.0
"""Seconds between two looks at an operation whose service does not say how long to wait."""


class Manager:
    """A connection to Azure Resource Manager, or to the local Azure ML: the environment decides which."""

    def __init__(self) -> None:
        with sdk():
            from azure.core.pipeline.policies import (
                BearerTokenCredentialPolicy,
                RequestIdPolicy,
                RetryPolicy,
                UserAgentPolicy,
            )
            from azure.mgmt.core import ARMPipelineClient

            found = cloud()
            self._client: Any = ARMPipelineClient(
                base_url=found.manager,
                policies=[
                    RequestIdPolicy(),
                    UserAgentPolicy("mlops-infra"),
                    RetryPolicy(),
                    BearerTokenCredentialPolicy(credential(), f"{found.audience}/.default"),
                ],
            )
            self._base = found.manager

    def get(self, id: str, version: str) -> dict[str, Any] | None:
        """A resource, or None where there is none."""
        answer = self._send("GET", id, version).http_response
        return None if answer.status_code == 404 else _content(answer)

    def put(self, id: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a resource what the body says, wait until it is, and return it. Raises ServiceFailed."""
        return self._to_its_end(self._send("PUT", id, version, json=body))

    def delete(self, id: str, version: str, **parameters: str) -> bool:
        """Delete a resource and wait until it is gone; False if there was none."""
        begun = self._send("DELETE", id, version, **parameters)
        if begun.http_response.status_code in (204, 404):
            return False
        self._to_its_end(begun)
        return True

    def post(self, id: str, version: str) -> None:
        """An action without a body, to its end."""
        self._to_its_end(self._send("POST", id, version))

    def list(self, id: str, version: str) -> list[dict[str, Any]]:
        """The resources of a collection; none where what it is of does not exist."""
        return (self.get(id, version) or {}).get("value") or []

    def _send(self, method: str, id: str, version: str, *, json: Any = None, **parameters: str) -> Any:
        from azure.core.rest import HttpRequest

        request = HttpRequest(
            method, f"{self._base}{id}", params={"api-version": version, **parameters}, json=json
        )
        with sdk():
            return self._client.send_request(request, _return_pipeline_response=True)

    def _to_its_end(self, begun: Any) -> dict[str, Any]:
        """Follow an operation by whatever the service sends of it, and return what it ends with."""
        _content(begun.http_response)
        from azure.core.exceptions import HttpResponseError
        from azure.core.polling import LROPoller
        from azure.mgmt.core.polling.arm_polling import ARMPolling

        with sdk():
            try:
                poller = LROPoller(
                    self._client, begun, lambda ended: _content(ended.http_response), ARMPolling(INTERVAL)
                )
                poller.wait(LIMIT)
            except HttpResponseError as error:
                if error.response is None:
                    raise
                raise _failure(error.response) from error
            if not poller.done():
                raise ServiceFailed(
                    f"{begun.http_request.method} {begun.http_request.url} did not end in {LIMIT / 60:.0f} minutes"
                )
            return poller.result() or {}


def _content(answer: Any) -> dict[str, Any]:
    """What an answer says. Raises ServiceFailed where it is a refusal."""
    if answer.status_code >= 400:
        raise _failure(answer)
    body: dict[str, Any] = answer.json() if answer.content else {}
    return body


def _failure(answer: Any) -> ServiceFailed:
    """A refusal, or an operation that failed, in the service's own words."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    error = body.get("error") or {}
    state = body.get("status") or (body.get("properties") or {}).get("provisioningState")
    code = error.get("code") or state or answer.status_code
    reason = answer.reason if answer.status_code >= 400 else "it does not say why"
    return ServiceFailed(f"{code}: {error.get('message') or reason}")
