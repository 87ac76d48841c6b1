"""What a resource type does beyond being stored: the hooks that the generic handlers call."""

from __future__ import annotations

from typing import Any

from .context import Context
from .errors import NotFound, ServiceError
from .ids import ResourceId
from .requests import Call
from .store import Body, Resource


class Behaviour:
    """A plain resource: stored as received, answered as stored. Types that do more override a hook."""

    noun = "resource"
    can_delete = True
    created_status = 201

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        """Check and complete a body before it is stored. Raises ServiceError to refuse it."""
        return body

    def store_as(self, call: Call, id: ResourceId, body: Body) -> ResourceId:
        """The id to store under; the service chooses its own for anonymous components."""
        return id

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        """The resource that a GET of `id` answers with; types with labels look further."""
        return context.store.get(id)

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Body | None:
        """Begin the work that a PUT asks for, after it was stored; the operation, if it takes long."""
        return None

    def view(self, context: Context, resource: Resource) -> Body:
        """The body to answer: the stored one and the fields that the service computes on read."""
        return resource.body

    def patch(self, call: Call, resource: Resource, changes: Body) -> Body:
        """The body after a PATCH. Plain resources take tags."""
        return {**resource.body, "tags": {**(resource.body.get("tags") or {}), **(changes.get("tags") or {})}}

    def delete(self, call: Call, resource: Resource) -> Body | None:
        """Refuse a DELETE, or begin the work of one; the operation, if it takes long (it then deletes)."""
        return None

    def missing(self, id: ResourceId) -> ServiceError:
        """The 404 of this type."""
        return NotFound(f"The {self.noun} {id.name} could not be found.", inner=("NotFound",))

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        """Filter and order a list; `resources` come oldest first."""
        view = call.parameter("listViewType", "ActiveOnly").lower()
        if view == "all":
            return resources[::-1]
        archived = view == "archivedonly"
        return [r for r in reversed(resources) if bool(properties(r).get("isArchived")) is archived]


def properties(resource: Resource) -> dict[str, Any]:
    """The properties of a resource; {} where it has none."""
    return resource.body.get("properties") or {}
