"""Computes of a workspace."""

from __future__ import annotations

from ..arm.behaviour import Behaviour, Work, properties
from ..arm.context import LOCATION, Context
from ..arm.errors import EmptyNotFound, NotSupported, ServiceError
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body, Resource


class Compute(Behaviour):
    """AmlCompute: a name and a size. The steps run on this machine whatever the size."""

    noun = "compute"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        outer = body.setdefault("properties", {})
        kind = outer.get("computeType", "AmlCompute")
        if kind != "AmlCompute":
            raise NotSupported(f"computes of type {kind}; it has AmlCompute")
        inner = outer.setdefault("properties", {})
        if isinstance(inner.get("vmSize"), str):
            inner["vmSize"] = inner["vmSize"].upper()
        created = properties(existing).get("createdOn") if existing else None
        outer |= {
            "createdOn": created or call.context.clock.now(),
            "modifiedOn": call.context.clock.now(),
            "computeLocation": body.get("location", LOCATION),
        }
        return {"tags": {}, "location": LOCATION, **body}

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Work:
        return Work("computeOperation", "PUT")

    def view(self, context: Context, resource: Resource) -> Body:
        outer = {"provisioningState": "Succeeded", "isAttachedCompute": False, **properties(resource)}
        nodes = ("preparing", "running", "idle", "unusable", "leaving", "preempted")
        outer["properties"] = {
            "allocationState": "Steady",
            "currentNodeCount": 0,
            "targetNodeCount": 0,
            "nodeStateCounts": {f"{name}NodeCount": 0 for name in nodes},
            "errors": None,
            **(outer.get("properties") or {}),
        }
        body = {**resource.body, "properties": outer}
        body.pop("systemData", None)  # a compute has none; its times stand in its properties
        return body

    def missing(self, id: ResourceId) -> ServiceError:
        return EmptyNotFound(f"compute {id.name} not found")

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        return resources
