"""What a resource type does beyond being stored: the hooks that the generic handlers call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from .context import Context
from .errors import NotFound, ServiceError
from .ids import ResourceId
from .requests import Call
from .store import Body, Resource

VERBS = ("GET", "LIST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Work:
    """What goes on after an answer, as an operation. It is written down: a server after a killed one redoes it.

    `prefix` begins the operation's name; `verb` says which hook does the work: PUT `make`, DELETE `remove`,
    POST `act`. `arguments` are handed to the hook, as JSON. `announced` are the headers by which the answer names
    the operation. `accepted` is whether a PUT is answered 202 without a body, as registries do.
    """

    prefix: str
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    announced: tuple[str, ...] = ("Azure-AsyncOperation", "Location")
    limit: str = "PT30M"
    accepted: bool = False


class Behaviour:
    """A plain resource: stored as received, answered as stored. Types that do more override a hook."""

    noun = "resource"
    verbs: tuple[str, ...] = VERBS
    """What is supported; the rest answers 501."""
    created = 201
    """The status of a PUT that made a resource; for a few types the service answers 200."""
    actions: Mapping[str, Callable[[Call], Response]] = {}
    """POST actions by name."""

    # who may, and what is there

    def needs(self, call: Call, id: ResourceId) -> tuple[str, ...]:
        """Actions on the first resource of the id that a PUT asks for besides its own."""
        return ()

    def attributes(self, call: Call, id: ResourceId) -> dict[str, str]:
        """What conditions of role assignments may speak of, in lower case."""
        return {}

    def first_use(self, call: Call, id: ResourceId) -> None:
        """Before any request on `id` or below it; types that come to be by being used make themselves."""

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        """The resource that a GET of `id` answers with; types with labels look further."""
        return context.store.get(id)

    def missing(self, id: ResourceId) -> ServiceError:
        """The 404 of this type."""
        return NotFound(f"The {self.noun} {id.name} could not be found.", inner=("NotFound",))

    # PUT and PATCH

    def store_as(self, call: Call, id: ResourceId, body: Body) -> ResourceId:
        """The id to store under; the service chooses its own for anonymous components."""
        return id

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        """Check and complete a body before it is stored. Raises ServiceError to refuse it."""
        return body

    def refused(self, context: Context, id: ResourceId, refusal: ServiceError) -> None:
        """A refusal has undone the transaction: types that hold it against the name write it down now."""

    def stored(self, call: Call, id: ResourceId, existing: Resource | None) -> None:
        """In the transaction that stores the body: what has to be there with it or not at all."""

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Work | None:
        """After a PUT was stored: the work that it asks for, if it takes long."""
        return None

    def patch(self, call: Call, resource: Resource, changes: Body) -> Body:
        """The body after a PATCH. Plain resources take tags."""
        return {**resource.body, "tags": {**(resource.body.get("tags") or {}), **(changes.get("tags") or {})}}

    # DELETE

    def delete(self, call: Call, resource: Resource) -> Work | None:
        """Refuse a DELETE, or ask for the work of one, if it takes long (it then deletes)."""
        return None

    def check_gone(self, context: Context, resource: Resource) -> None:
        """Raises ServiceError where a resource keeps the group that it is in from going."""

    def gone(self, context: Context, resource: Resource) -> None:
        """A resource goes with the group that it is in: end what it runs, leave what it leaves."""

    # the work of operations: begun anew after a restart, so that twice is the same as once

    def make(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        """The work of a PUT. Raises ServiceError, which becomes the operation's end."""

    def remove(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        """The work of a DELETE."""
        context.store.delete(id)

    def act(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        """The work of an action."""

    def settled(self, context: Context, id: ResourceId) -> bool:
        """Whether what the work began has come to its end; an operation lasts until then."""
        return True

    def failed(self, context: Context, id: ResourceId, error: ServiceError) -> None:
        """The work ended with an error."""

    # answers

    def view(self, context: Context, resource: Resource) -> Body:
        """The body to answer: the stored one and the fields that the service computes on read."""
        return resource.body

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        """Filter and order a list; `resources` come oldest first."""
        # the SDK writes the name of its constant for what is in a registry: ListViewType.ARCHIVED_ONLY
        view = call.parameter("listViewType", "ActiveOnly").rpartition(".")[2].replace("_", "").lower()
        if view == "all":
            return resources[::-1]
        archived = view == "archivedonly"
        return [r for r in reversed(resources) if bool(properties(r).get("isArchived")) is archived]


def properties(resource: Resource) -> dict[str, Any]:
    """The properties of a resource; {} where it has none."""
    return resource.body.get("properties") or {}
