"""Containers of a registry's own storage, as clients get to write to them and to read from them."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from ..arm.context import SUFFIX, Context
from ..arm.ids import ResourceId, workspace_guid
from ..arm.requests import Call, answer
from ..arm.store import Body
from ..storage.accounts import STORAGE, account


def pending(call: Call) -> Response:
    """POST …/versions/V/startPendingUpload: the same at the address of Azure Resource Manager."""
    return answer(
        {
            "blobReferenceForConsumption": fresh(call.context, call.id.workspace),
            "pendingUploadId": secrets.token_hex(16),
            "pendingUploadType": "None",
        }
    )


def fresh(context: Context, home: ResourceId) -> Body:
    """A container that nothing is in yet, with a signature to write to it."""
    container = f"{account(context, home)}/{workspace_guid(home)}-{secrets.token_hex(13)}"
    (context.home.blobs / container).mkdir(parents=True)
    return reference(context, home, container, "rcwl")


def reference(context: Context, home: ResourceId, container: str, permissions: str) -> Body:
    """A container with a signature of the service's own: the caller's right was asked for when it was given."""
    owner, _, name = container.partition("/")
    uri = f"{context.base}/{owner}.blob.{SUFFIX}/{name}"
    return {
        "blobUri": uri,
        "storageAccountArmId": f"{home.scope}/providers/{STORAGE}/{owner}",
        "credential": {
            "credentialType": "SAS",
            "sasUri": f"{uri}?{context.signer.sas(container, permissions)}",
            "wasbsUri": None,
        },
    }
