"""The addresses by which azure-ai-ml and azure-identity find the emulator; none of them needs a token."""

from __future__ import annotations

import hmac

from starlette.responses import Response

from ..arm.context import SUFFIX
from ..arm.requests import Call, answer
from . import managed

CLOUD = "AzureCloudLocal"
"""The name of the emulator's cloud. The names of Azure's own clouds are built into the clients."""
DEFAULT_CLIENT_ID = "00000000-0000-0000-0000-0000000010ca"
"""The client id of the identity that a step has (DEFAULT_IDENTITY_CLIENT_ID)."""


def variables(base: str, authorities: str, header: str) -> dict[str, str]:
    """What leads a process's azure-ai-ml and DefaultAzureCredential to the emulator at `base`.

    `authorities` is the file of certificates that it trusts, `header` what it shows to get a token.
    """
    return {
        "AZUREML_CURRENT_CLOUD": CLOUD,
        "ARM_CLOUD_METADATA_URL": f"{base}/metadata/endpoints",
        "IDENTITY_ENDPOINT": f"{base}/msi/token",
        "IDENTITY_HEADER": header,
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "REQUESTS_CA_BUNDLE": authorities,
    }


def cloud_metadata(call: Call) -> Response:
    """GET /metadata/endpoints: the clouds. The SDK asks ten times a client, so it is kept free of locks.

    `loginEndpoint` must not have a port (azureml-mlflow takes it for an authority); nothing connects to it.
    """
    cloud = {
        "name": CLOUD,
        "portal": "https://portal.azure.com",
        "resourceManager": f"{call.context.base}/",
        "authentication": {
            "loginEndpoint": "https://login.microsoftonline.com",
            "audiences": [call.context.base],
        },
        "logAnalyticsResourceId": call.context.base,
        "suffixes": {"storage": SUFFIX},
    }
    return answer([cloud])


def discovery(call: Call) -> Response:
    """GET /discovery: the services of a workspace, all of them here."""
    names = ("api", "catalog", "experimentation", "history", "hyperdrive", "modelmanagement", "pipelines")
    return answer({**dict.fromkeys(names, call.context.base), "studio": f"{call.context.base}/studio"})


def managed_identity_token(call: Call) -> Response:
    """GET /msi/token, as App Service answers it: a token for whoever shows the header's secret.

    A step shows another secret than a person. Its token needs the identity's client id in the request
    (rule step-identity), as on a cluster with a user-assigned identity.
    """
    context, shown = call.context, call.headers.get("x-identity-header", "").encode()
    resource = call.parameter("resource")
    principal = shown.decode(errors="replace").rpartition(".")[0]
    is_step = hmac.compare_digest(shown, context.signer.step_secret(principal).encode())
    if not is_step and not hmac.compare_digest(shown, context.home.secret("identity-header").encode()):
        return answer({"statusCode": 401, "message": "The X-IDENTITY-HEADER is wrong."}, 401)
    client = call.parameter("client_id") or call.parameter("clientid")
    identity = managed.with_client_id(context, client) if is_step and principal else None
    if is_step and context.parity.holds("step-identity"):
        own = identity.principal == principal if identity else client == DEFAULT_CLIENT_ID and not principal
        if not own:
            message = (
                "Failed to acquire a token: multiple user assigned identities exist, please specify the "
                "client id of the identity. Set AZURE_CLIENT_ID from DEFAULT_IDENTITY_CLIENT_ID."
            )
            return answer({"statusCode": 400, "message": message}, 400)
    if is_step and principal and identity is None:
        identity = next((i for i in managed.everyone(context) if i.principal == principal), None)
    own_claims = identity.claims() if identity else {}
    token, expires = context.signer.token(
        resource, subject="step" if is_step else "local-user", claimed=own_claims
    )
    return answer(
        {
            "access_token": token,
            "expires_on": str(expires),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": call.parameter("client_id"),
        }
    )
