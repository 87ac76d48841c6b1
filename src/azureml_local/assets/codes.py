"""Code snapshots: uploaded once, found again by their hash."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from ..arm.behaviour import Behaviour, properties
from ..arm.context import SUFFIX, Context
from ..arm.errors import missing_field
from ..arm.ids import ResourceId, workspace_guid
from ..arm.requests import Call, answer
from ..arm.store import Body, Resource
from ..storage.accounts import account
from .versions import Version

CODE_HASH = "hash_sha256"


class CodeVersion(Version):
    """A snapshot has a blob container of its own. Without the search by hash nothing could be reused."""

    def __init__(self) -> None:
        super().__init__("code", ("codeUri",))
        self.actions = {"startPendingUpload": start_pending_upload}

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        if not values.get("codeUri"):
            raise missing_field("codeUri")
        texts = {key: str(value) for key, value in values["properties"].items()}
        return {**values, "properties": texts, "provisioningState": "Succeeded"}

    def view(self, context: Context, resource: Resource) -> Body:
        return {**resource.body, "properties": {**properties(resource), "isAnonymous": False}}

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        """`?hash=` searches the whole workspace, whatever name stands in the path."""
        wanted = call.parameter("hash")
        if not wanted:
            return Behaviour.listed(self, call, parent, resources)
        store = call.context.store
        versions = [
            version
            for code in store.children(parent.workspace, "codes")
            for version in store.children(code.id, "versions")
        ]
        same = [v for v in versions if properties(v)["properties"].get(CODE_HASH) == wanted]
        return same[:1]


def start_pending_upload(call: Call) -> Response:
    """POST …/codes/N/versions/V/startPendingUpload: a fresh container and a signature to write to it."""
    context, workspace = call.context, call.id.workspace
    owner = account(context, workspace)
    name = f"{workspace_guid(workspace)}-{secrets.token_hex(13)}"
    (context.home.blobs / owner / name).mkdir(parents=True)
    uri = f"{context.base}/{owner}.blob.{SUFFIX}/{name}"
    reference = {
        "blobUri": uri,
        "storageAccountArmId": f"/subscriptions/{workspace.subscription}/resourceGroups/{workspace.group}"
        f"/providers/Microsoft.Storage/storageAccounts/{owner}",
        "credential": {
            "credentialType": "SAS",
            "sasUri": f"{uri}?{context.signer.sas(f'{owner}/{name}', 'rcwl', principal=call.principal.oid)}",
        },
    }
    return answer(
        {
            "blobReferenceForConsumption": reference,
            "pendingUploadId": secrets.token_hex(16),
            "pendingUploadType": "None",
        }
    )
