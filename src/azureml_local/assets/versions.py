"""What all versioned assets share: a container that counts its versions, labels, archiving."""

from __future__ import annotations

from typing import Any

from ..arm.behaviour import Behaviour, properties
from ..arm.context import Context
from ..arm.errors import NotFound, ServiceError
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body, Resource
from ..storage import registries


class Container(Behaviour):
    """An asset's name. Its counters are computed from its versions, whatever was stored."""

    def __init__(self, noun: str) -> None:
        self.noun = noun

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        return {"properties": body.get("properties") or {}}

    def view(self, context: Context, resource: Resource) -> Body:
        versions = registries.versions(context, resource.id)
        numbers = [int(v.id.name) for v in versions if v.id.name.isdigit()]
        computed: dict[str, Any] = {
            "description": None,
            "tags": {},
            "properties": {},
            "isArchived": False,
            **properties(resource),
            # the last one created, whatever its name; the next number ignores names that are none
            "latestVersion": versions[-1].id.name if versions else None,
            "nextVersion": str(max(numbers, default=0) + 1),
        }
        if versions and "dataType" in properties(versions[-1]):
            computed["dataType"] = properties(versions[-1])["dataType"]
        return {**resource.body, "properties": computed}

    def missing(self, id: ResourceId) -> ServiceError:
        return not_found(self.noun, id.name)


def not_found(noun: str, name: str, version: str = "") -> NotFound:
    """The 404 of a container or a version, as models have it in the recordings."""
    what = f"{noun.capitalize()} container with name: {name} not found."
    if version:
        what = f"{noun.capitalize()} asset with name: {name} and version: {version} not found."
    code = f"{noun.capitalize()}NotFound"
    return NotFound("The specified resource was not found.", details=((code, what),))


class Version(Behaviour):
    """A version: what it consists of (`fixed`) never changes, its description and tags may."""

    conflict_status = 400

    def __init__(self, noun: str, fixed: tuple[str, ...]) -> None:
        self.noun = noun
        self.fixed = fixed

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        values = {
            "description": None,
            "isArchived": False,
            "isAnonymous": False,
            "autoDeleteSetting": None,
            **(body.get("properties") or {}),
        }
        values["tags"] = values.get("tags") or {}
        values["properties"] = values.get("properties") or {}
        values = self.complete(call.context, id, values, existing)
        if existing is not None:
            self.check_unchanged(id, values, properties(existing))
            # What the service found out when the version was made (a model's job, its flavours) stays.
            values = {**properties(existing), **{k: v for k, v in values.items() if v is not None}}
        container = id.parent
        if call.context.store.get(container) is None:
            call.context.store.put(container, {"properties": {}, "systemData": call.context.system_data()})
        return {"properties": values}

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        """The properties, checked and with what the service adds."""
        return values

    def check_unchanged(self, id: ResourceId, values: Body, known: Body) -> None:
        """Refuse another content under a version that exists, in the service's words."""
        for field in self.fixed:
            if field in values and values[field] != known.get(field):
                raise ServiceError(
                    f"A {self.noun} version with this name and version already exists. If you are trying "
                    f"to create a new {self.noun} version, use a different name or version. If you are trying "
                    f"to update an existing {self.noun} version, the existing asset's {field} cannot be changed. "
                    "Only tags, description, and isArchived can be updated.",
                    inner=("BadArgument",),
                    status=self.conflict_status,
                )

    def missing(self, id: ResourceId) -> ServiceError:
        return not_found(self.noun, id.parent.name, id.name)

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        if call.context.store.get(parent) is None:
            raise not_found(self.noun, parent.name)
        kept = super().listed(call, parent, resources)
        stage = call.parameter("stage")
        if stage:
            kept = [r for r in kept if properties(r).get("stage") == stage]
        oldest_first = "asc" in call.parameter("$orderBy").lower()
        return kept[::-1] if oldest_first else kept
