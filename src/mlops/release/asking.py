"""Ask an endpoint as a caller does: over HTTP, with its key; any deployment of it by name."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ServiceFailed
from ..workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

DEPLOYMENT = "azureml-model-deployment"
"""Of a request: who is to answer, whatever the traffic. Of an answer: who did."""
MODEL_STATUS = "ms-azureml-model-error-statuscode"
OK, UNAUTHORIZED, FAILED_DEPENDENCY = 200, 401, 424
REFUSALS = {400, 405, 411, 413, 414, 415, 422}
"""What a server that can read a request's mistake answers."""
LONGEST_SECONDS = 185
"""Azure ML's own limit of a request is 180."""


@dataclass(frozen=True)
class Answer:
    """What came back, after how many seconds; a status of 0 says that nothing did, the body why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.status == OK

    @property
    def deployment(self) -> str:
        """Who answered; empty where the answer does not say so."""
        return self.headers.get(DEPLOYMENT, "")

    @property
    def model_status(self) -> int:
        """The status that the model gave: Azure's front end answers 424 for each of its own but 200."""
        text = self.headers.get(MODEL_STATUS, "")
        return int(text) if self.status == FAILED_DEPENDENCY and text.isdigit() else self.status

    @property
    def refused(self) -> bool:
        """Whether this says that the request is wrong, and not that something failed."""
        return self.model_status in REFUSALS


class Ask(Protocol):
    """Sends a request's body, to the deployment of this name or to whom the traffic leads.

    A failure is an answer; what raises ServiceFailed is Azure ML, if it gives no key.
    """

    def __call__(self, body: bytes, deployment: str | None = None) -> Answer: ...


class Asking:
    """Asks one endpoint, from as many threads as one likes; an `Ask`.

    Its key is read when it is first needed, and anew when it is refused. Close it, or use it as a context.
    """

    def __init__(self, uri: str, key: Callable[[], str], connections: int = 64) -> None:
        import httpx

        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = httpx.Client(limits=limits, timeout=LONGEST_SECONDS, verify=_authorities())
        self._uri, self._read_key, self._key = uri, key, ""

    @classmethod
    def of(cls, client: MLClient, endpoint: str, connections: int = 64) -> Asking:
        """Asks the endpoint of this name. Raises ServiceFailed where there is none."""
        from azure.core.exceptions import ResourceNotFoundError

        with sdk():
            try:
                uri = str(client.online_endpoints.get(endpoint).scoring_uri)
            except ResourceNotFoundError as error:
                raise ServiceFailed(f"there is no endpoint {endpoint}", "release first: mlops release") from error

        def key() -> str:
            with sdk():
                keys: Any = client.online_endpoints.get_keys(endpoint)
            # one with tokens instead of keys has the token there
            return str(getattr(keys, "primary_key", None) or keys.access_token)

        return cls(uri, key, connections)

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __call__(self, body: bytes, deployment: str | None = None) -> Answer:
        """The answer to a request with this body."""
        answer = self._ask(body, deployment, self._key or self._renewed())
        return self._ask(body, deployment, self._renewed()) if answer.status == UNAUTHORIZED else answer

    def _renewed(self) -> str:
        self._key = self._read_key()
        return self._key

    def _ask(self, body: bytes, deployment: str | None, key: str) -> Answer:
        import httpx

        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        if deployment:
            headers[DEPLOYMENT] = deployment
        start = time.perf_counter()
        try:
            found = self._client.post(self._uri, content=body, headers=headers)
        except httpx.HTTPError as error:
            text = f"{type(error).__name__}: {error}"
            return Answer(0, body=text.encode(), seconds=time.perf_counter() - start)
        return Answer(found.status_code, found.headers, found.content, time.perf_counter() - start)


def _authorities() -> ssl.SSLContext:
    """The authorities that the SDK trusts, too: the variable is that of its library."""
    file = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if file:
        return ssl.create_default_context(cafile=file)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())
