"""Who this process is for Azure: in a job of GitHub Actions the identity of its environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import ServiceFailed

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""What GitHub gives a job that may have an identity (`id-token: write`)."""
AUDIENCE = "api://AzureADTokenExchange"
TRIES = 4


def credential() -> Any:
    """A credential for the SDK.

    An assertion of GitHub lives five minutes, and a token for an hour: a run is waited for longer than either. So
    a job of GitHub Actions asks for a new assertion whenever a token is needed.
    """
    from azure.identity import ClientAssertionCredential, DefaultAzureCredential

    client, tenant = os.environ.get("AZURE_CLIENT_ID"), os.environ.get("AZURE_TENANT_ID")
    if not (client and tenant and os.environ.get(ADDRESS)):
        return DefaultAzureCredential()
    return ClientAssertionCredential(tenant, client, assertion(os.environ[ADDRESS], os.environ.get(BEARER, "")))


def assertion(address: str, bearer: str) -> Callable[[], str]:
    """What asks GitHub for an assertion. It raises ServiceFailed, and never says what it was given."""
    import httpx

    def ask() -> str:
        transport = httpx.HTTPTransport(retries=TRIES)
        with httpx.Client(transport=transport, timeout=30) as http:
            for _ in range(TRIES):
                try:
                    answer = http.get(
                        httpx.URL(address).copy_merge_params({"audience": AUDIENCE}),
                        headers={"Authorization": f"bearer {bearer}"},
                    )
                except httpx.HTTPError as error:
                    raise ServiceFailed(f"GitHub gave no identity: {type(error).__name__}") from error
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    break
        if answer.status_code != httpx.codes.OK:
            hint = "the job's permissions need id-token: write"
            raise ServiceFailed(f"GitHub gave no identity: HTTP {answer.status_code}", hint)
        return str(answer.json()["value"])

    return ask
