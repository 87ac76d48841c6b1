"""What works inside Azure: steps that read and write data, deployments that pull images and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..arm.behaviour import properties
from ..arm.errors import BadRequest
from ..arm.ids import ResourceId
from ..identity import managed
from .decision import Need, Principal
from .needs import BLOBS

if TYPE_CHECKING:
    from ..arm.context import Context
    from ..runs.run import Run

STORAGE = "Microsoft.Storage/storageAccounts"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"


def identity_of(context: Context, run: Run) -> managed.ManagedIdentity | None:
    """The identity of the cluster that a run is on; None where no deployment made the cluster."""
    cluster = str(run.record()["properties"].get("_azureml.ClusterName") or "")
    return managed.assigned(context, run.workspace.child("computes", cluster)) if cluster else None


def _may(context: Context, identity: managed.ManagedIdentity | None, need: Need) -> bool:
    if identity is None or not context.parity.holds("rbac"):
        return True
    who = Principal(identity.principal, identity.client, identity.id.name)
    return context.access.allowed(who, need)


def account_id(context: Context, name: str) -> str:
    """The id of a storage account; one that no deployment made is known by its name only."""
    accounts = context.store.of_type(STORAGE)
    return next((str(each.id) for each in accounts if each.id.name == name), f"/storageAccounts/{name}")


def step_refusal(context: Context, run: Run, container: str, verb: str) -> str:
    """Why a step may not read from or write to a container (`account/name`); empty if it may.

    A cluster reads and writes as its own identity, never as the workspace's or the submitter's.
    """
    scope = account_id(context, container.partition("/")[0])
    if not scope.startswith("/subscriptions/"):
        return ""  # the account of a workspace that no deployment made: there is nothing to hold a role on
    if _may(context, identity_of(context, run), Need((f"{BLOBS}/blobs/{verb}",), scope, data=True)):
        return ""
    return (
        "Error Code: ScriptExecution.StreamAccess.Authentication. This request is not authorized to perform this "
        "operation using this permission. (PermissionDenied)"
    )


def check_endpoint(context: Context, endpoint: ResourceId) -> None:
    """An endpoint pulls its image and reads its model as its own identity. Raises BadRequest.

    Nothing is granted to a user-assigned identity by itself.
    """
    identity = managed.assigned(context, endpoint)
    workspace = context.store.get(endpoint.workspace)
    values = properties(workspace) if workspace else {}
    registry, storage = values.get("containerRegistry"), values.get("storageAccount")
    if registry and not _may(context, identity, Need((PULL,), str(registry))):
        raise BadRequest(
            "Endpoint identity does not have pull permission on the registry. For System Assigned Identity case "
            "and workspace ACR, platform will wire up the permissions but if user is creating deployment with "
            "User Assigned Identity or if using non-workspace ACR, then User should grant pull permissions.",
            code="BadArgument",
        )
    if storage and not _may(context, identity, Need((f"{BLOBS}/blobs/read",), str(storage), data=True)):
        raise BadRequest(
            "The endpoint identity does not have Storage Blob Data Reader permission on the workspace's storage.",
            code="BadArgument",
        )
