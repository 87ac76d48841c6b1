"""The end of a workspace: what stands against it, what goes with it, and what stays of it."""

from __future__ import annotations

import shutil

from ..arm.context import Context
from ..arm.errors import ArmError, ServiceError
from ..arm.ids import workspace_guid
from ..arm.store import Resource
from ..runs.run import records, unfinished
from ..tracking.servers import TrackingServers
from .parts import DELETED, HELD_SECONDS, REFUSED


def check(context: Context, workspace: Resource) -> None:
    """A workspace with endpoints is not deleted. Raises ArmError."""
    endpoints = context.store.children(workspace.id, "onlineEndpoints")
    if endpoints:
        names = ", ".join(each.id.name for each in endpoints)
        raise ArmError(
            "CannotDeleteResource",
            f"Cannot delete resource while nested resources exist. Some existing nested resource IDs include: "
            f"'{names}'. Please delete all nested resources before deleting this resource.",
            409,
        )


def remove(context: Context, workspace: Resource, purge: bool) -> None:
    """Delete everything in it. Without `purge` its name stays taken (rule soft-delete)."""
    id = workspace.id
    open_ = unfinished(context, id)
    if open_:
        raise ServiceError(
            f"The workspace {id.name} has {len(open_)} jobs that have not ended. Cancel them first.",
            code="Conflict",
            status=409,
        )
    context.part(TrackingServers).end(id)
    with context.store.transaction():
        context.store.delete(id)
        for run, _ in records(context, id):
            context.store.forget("run", run.key)
        if purge:
            context.store.forget(DELETED, id.key)
        else:
            until = context.clock.time() + HELD_SECONDS
            context.store.write(DELETED, id.key, {"id": str(id), "until": until})
        context.store.forget(REFUSED, id.key)
    shutil.rmtree(context.home.tracking / workspace_guid(id), ignore_errors=True)
