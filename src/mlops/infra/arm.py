"""Azure Resource Manager over HTTP: read, put and delete a resource by its id, and wait for what takes long."""

from __future__ import annotations

import os
import time
from typing import Any

from ..errors import ServiceFailed
from ..workspace import quiet

PUBLIC = "https://management.azure.com"
LIMIT = 3600.0
"""Seconds after which an operation is taken to hang."""
ENDED = {"succeeded", "failed", "canceled"}


class Manager:
    """A connection to Azure Resource Manager, or to the local Azure ML: the environment decides which."""

    def __init__(self) -> None:
        with quiet():
            from azure.core import PipelineClient
            from azure.core.pipeline.policies import (
                BearerTokenCredentialPolicy,
                HeadersPolicy,
                RetryPolicy,
                UserAgentPolicy,
            )
            from azure.identity import DefaultAzureCredential

            base, audience = _cloud()
            self._client: Any = PipelineClient(
                base_url=base,
                policies=[
                    HeadersPolicy(),
                    UserAgentPolicy("mlops-infra"),
                    RetryPolicy(),
                    BearerTokenCredentialPolicy(DefaultAzureCredential(), f"{audience}/.default"),
                ],
            )
            self._base = base

    def get(self, id: str, version: str) -> dict[str, Any] | None:
        """A resource, or None where there is none."""
        answer = self._send("GET", id, version)
        if answer.status_code == 404:
            return None
        return self._content(answer)

    def put(self, id: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a resource what the body says, and wait until it is. Raises ServiceFailed."""
        answer = self._send("PUT", id, version, json=body)
        content = self._content(answer)
        self._wait(answer)
        return content

    def delete(self, id: str, version: str, **parameters: str) -> bool:
        """Delete a resource and wait until it is gone; False if there was none."""
        answer = self._send("DELETE", id, version, **parameters)
        if answer.status_code in (204, 404):
            return False
        if answer.status_code >= 400:
            self._content(answer)
        self._wait(answer)
        return True

    def post(self, id: str, version: str) -> None:
        """An action without a body, to its end."""
        answer = self._send("POST", id, version)
        self._content(answer)
        self._wait(answer)

    def list(self, id: str, version: str) -> list[dict[str, Any]]:
        """The resources of a collection; none where what it is of does not exist."""
        answer = self._send("GET", id, version)
        if answer.status_code == 404:
            return []
        found: list[dict[str, Any]] = self._content(answer).get("value") or []
        return found

    def _send(self, method: str, address: str, version: str = "", *, json: Any = None, **parameters: str) -> Any:
        from azure.core.rest import HttpRequest

        url = address if address.startswith("https://") else f"{self._base}{address}"
        query = {**({"api-version": version} if version else {}), **parameters}
        with quiet():
            return self._client.send_request(HttpRequest(method, url, params=query, json=json))

    @staticmethod
    def _content(answer: Any) -> dict[str, Any]:
        body: dict[str, Any] = answer.json() if answer.content else {}
        if answer.status_code >= 400:
            error = body.get("error") or {}
            raise ServiceFailed(f"{error.get('code', answer.status_code)}: {error.get('message', answer.reason)}")
        return body

    def _wait(self, answer: Any) -> None:
        """Follow Azure-AsyncOperation to its end. Raises ServiceFailed."""
        address = answer.headers.get("Azure-AsyncOperation")
        deadline = time.monotonic() + LIMIT
        while address:
            state = self._send("GET", address)
            body = self._content(state)
            status = str(body.get("status", "")).lower()
            if status in ENDED:
                if status != "succeeded":
                    error = body.get("error") or {}
                    raise ServiceFailed(
                        f"{error.get('code', status)}: {error.get('message', 'it does not say why')}"
                    )
                return
            if time.monotonic() > deadline:
                raise ServiceFailed(f"an operation did not end within {LIMIT / 60:.0f} minutes: {address}")
            time.sleep(min(float(state.headers.get("Retry-After", 5)), 15))


def _cloud() -> tuple[str, str]:
    """The address of Azure Resource Manager and its audience, as azure-ai-ml finds them."""
    metadata = os.environ.get("ARM_CLOUD_METADATA_URL")
    if not metadata:
        return PUBLIC, PUBLIC
    import json
    import ssl
    import urllib.request

    trusted = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE"))
    try:
        with urllib.request.urlopen(metadata, timeout=30, context=trusted) as answer:  # noqa: S310
            (cloud, *_) = json.loads(answer.read())
    except (OSError, ValueError) as error:
        raise ServiceFailed(f"the cloud does not answer at {metadata}: {error}") from error
    return str(cloud["resourceManager"]).rstrip("/"), str(cloud["authentication"]["audiences"][0])
