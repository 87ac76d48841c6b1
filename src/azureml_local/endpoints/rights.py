"""What an endpoint may pull and read: it works as the identity that it was given."""

from __future__ import annotations

from ..access.decision import Need
from ..access.guard import identity_permits
from ..access.needs import CONTAINERS
from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import BadRequest
from ..arm.ids import ResourceId
from ..identity import managed

PULL = "Microsoft.ContainerRegistry/registries/pull/read"


def check_endpoint(context: Context, endpoint: ResourceId) -> None:
    """An endpoint pulls its image and reads its model as its own identity. Raises BadRequest.

    Nothing is granted to a user-assigned identity by itself.
    """
    identity = managed.assigned(context, endpoint)
    workspace = context.store.get(endpoint.workspace)
    values = properties(workspace) if workspace else {}
    registry, storage = values.get("containerRegistry"), values.get("storageAccount")
    if registry and not identity_permits(context, identity, Need((PULL,), str(registry))):
        raise BadRequest(
            "Endpoint identity does not have pull permission on the registry. For System Assigned Identity case "
            "and workspace ACR, platform will wire up the permissions but if user is creating deployment with "
            "User Assigned Identity or if using non-workspace ACR, then User should grant pull permissions.",
            code="BadArgument",
        )
    read = Need((f"{CONTAINERS}/blobs/read",), str(storage), data=True)
    if storage and not identity_permits(context, identity, read):
        raise BadRequest(
            "The endpoint identity does not have Storage Blob Data Reader permission on the workspace's storage.",
            code="BadArgument",
        )
