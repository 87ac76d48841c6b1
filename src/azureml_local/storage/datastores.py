"""Datastores: names for containers. Data is read with the caller's token (`credentialsType: None`)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..arm.behaviour import Behaviour, properties
from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound, NotSupported, ServiceError
from ..arm.ids import ResourceId, workspace_guid
from ..arm.requests import Call, answer
from ..arm.store import Body, Resource

DEFAULT = "workspaceblobstore"
ARTIFACTS = "workspaceartifactstore"
BLOB = "AzureBlob"
LAKE = "AzureDataLakeGen2"
CONTAINERS = {BLOB: "containerName", LAKE: "filesystem"}
"""The types that are read and written here, and what each calls its container."""


def system_datastores(workspace: ResourceId, name: str) -> dict[str, dict[str, Any]]:
    """The four datastores of a fresh workspace on the account `name`, oldest first."""
    guid = workspace_guid(workspace)
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
    kind = str(values.get("datastoreType"))
    if kind not in CONTAINERS:
        raise BadRequest(
            f"The datastore {datastore.name} is of type {kind}; azureml_local reads {' and '.join(CONTAINERS)}."
        )
    return f"{values['accountName']}/{values[CONTAINERS[kind]]}"


class Datastore(Behaviour):
    """A datastore's account is on this machine: its name on the wire holds the emulator's host."""

    noun = "datastore"

    def __init__(self) -> None:
        self.actions = {"listSecrets": list_secrets}

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        values = body.setdefault("properties", {})
        kind = str(values.get("datastoreType"))
        if kind not in CONTAINERS:
            raise NotSupported(f"datastores of type {kind}; it has {' and '.join(CONTAINERS)}")
        for field in ("accountName", CONTAINERS[kind]):
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

    def missing(self, id: ResourceId) -> ServiceError:
        return NotFound(f"Could not find datastore: {id.name}.", inner=("NotFound",))

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        if call.parameter("isDefault").lower() == "true":
            return [r for r in resources if properties(r).get("isDefault")]
        return resources[::-1]


def list_secrets(call: Call) -> Response:
    """POST …/datastores/N/listSecrets: a signature for the container, with the leading `?` that Azure sends."""
    name = container(call.context, call.id.resource)
    return answer(
        {
            "secretsType": "Sas",
            "sasToken": "?" + call.context.signer.sas(name, "rcwdl", hours=1, principal=call.principal.oid),
        }
    )
