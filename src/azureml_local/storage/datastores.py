"""Datastores: names for containers. Data is read with the caller's token (`credentialsType: None`)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..behaviour import Behaviour, properties
from ..context import Context, workspace_guid
from ..errors import BadRequest, NotFound, ServiceError
from ..ids import ResourceId
from ..requests import Call, answer
from ..store import Body, Resource

DEFAULT = "workspaceblobstore"
ARTIFACTS = "workspaceartifactstore"
BLOB = "AzureBlob"


def account(workspace: ResourceId) -> str:
    """The storage account of a workspace."""
    return f"st{workspace_guid(workspace).replace('-', '')[:22]}"


def system_datastores(workspace: ResourceId) -> dict[str, dict[str, Any]]:
    """The four datastores of a fresh workspace, oldest first."""
    guid, name = workspace_guid(workspace), account(workspace)
    share = {"datastoreType": "AzureFile", "accountName": name}
    blob = {"datastoreType": BLOB, "accountName": name}
    rows: dict[str, dict[str, Any]] = {
        "workspaceworkingdirectory": {**share, "fileShareName": f"code-{guid}"},
        ARTIFACTS: {**blob, "containerName": "azureml"},
        "workspacefilestore": {**share, "fileShareName": f"azureml-filestore-{guid}"},
        DEFAULT: {**blob, "containerName": f"azureml-blobstore-{guid}", "isDefault": True},
    }
    common = {
        "isDefault": False,
        "credentials": {"credentialsType": "None"},
        "endpoint": "core.windows.net",
        "protocol": "https",
        "serviceDataAccessAuthIdentity": "WorkspaceUserAssignedIdentity",
    }
    return {key: {**common, **row} for key, row in rows.items()}


def container(context: Context, datastore: ResourceId) -> str:
    """`account/container` of a blob datastore. Raises NotFound, or BadRequest for another type."""
    resource = context.store.get(datastore)
    if resource is None:
        raise NotFound(f"Could not find datastore: {datastore.name}.", inner=("NotFound",))
    values = properties(resource)
    if values.get("datastoreType") != BLOB:
        raise BadRequest(
            f"The datastore {datastore.name} is of type {values.get('datastoreType')}; azureml_local reads {BLOB}."
        )
    return f"{values['accountName']}/{values['containerName']}"


class Datastore(Behaviour):
    """A datastore's account is on this machine: its name on the wire holds the emulator's host."""

    noun = "datastore"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:  # noqa: A002
        values = body.setdefault("properties", {})
        if values.get("datastoreType") != BLOB:
            raise ServiceError(
                f"azureml_local has no datastore of type {values.get('datastoreType')}; it has {BLOB}.",
                code="NotImplemented",
                status=501,
            )
        for field in ("accountName", "containerName"):
            if not values.get(field) or not str(values[field]).replace("-", "").isalnum():
                raise BadRequest(f"The datastore needs a valid {field}.", inner=("RequestInvalid",))
        # A key or token for a real account must not be kept here; access is by the emulator's own tokens.
        values["credentials"] = {"credentialsType": "None"}
        return {**body, "properties": {"isDefault": False, **values}}

    def view(self, context: Context, resource: Resource) -> Body:
        values = dict(properties(resource))
        values["accountName"] = f"{context.host}/{values['accountName']}"
        return {
            **resource.body,
            "properties": {"description": None, "tags": {}, "properties": None, **values},
        }

    def missing(self, id: ResourceId) -> ServiceError:  # noqa: A002
        return NotFound(f"Could not find datastore: {id.name}.", inner=("NotFound",))

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        if call.parameter("isDefault").lower() == "true":
            return [r for r in resources if properties(r).get("isDefault")]
        return resources[::-1]


def list_secrets(call: Call) -> Response:
    """POST …/datastores/N/listSecrets: a signature for the container, with the leading `?` that Azure sends."""
    name = container(call.context, call.id.__class__(**{**call.id.__dict__, "tail": ""}))
    return answer({"secretsType": "Sas", "sasToken": "?" + call.context.signer.sas(name, "rcwdl", hours=1)})
