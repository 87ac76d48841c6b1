"""What a step may read and write: it works as the identity of its cluster."""

from __future__ import annotations

from ..access.decision import Need
from ..access.guard import identity_permits
from ..access.needs import CONTAINERS
from ..arm.context import Context
from ..identity import managed
from ..runs.run import Run
from ..storage.accounts import account_id


def identity_of(context: Context, run: Run) -> managed.ManagedIdentity | None:
    """The identity of the cluster that a run is on; None where no deployment made the cluster."""
    cluster = str(run.record()["properties"].get("_azureml.ClusterName") or "")
    return managed.assigned(context, run.workspace.child("computes", cluster)) if cluster else None


def step_refusal(context: Context, run: Run, container: str, verb: str) -> str:
    """Why a step may not read from or write to a container (`account/name`); empty if it may.

    A cluster reads and writes as its own identity, never as the workspace's or the submitter's.
    """
    scope = account_id(context, container.partition("/")[0])
    if not scope.startswith("/subscriptions/"):
        return ""  # the account of a workspace that no deployment made: there is nothing to hold a role on
    need = Need((f"{CONTAINERS}/blobs/{verb}",), scope, data=True)
    if identity_permits(context, identity_of(context, run), need):
        return ""
    return (
        "Error Code: ScriptExecution.StreamAccess.Authentication. This request is not authorized to perform this "
        "operation using this permission. (PermissionDenied)"
    )
