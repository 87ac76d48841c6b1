"""What `azureml://registries/R/TYPE/N/versions/V` names: an asset of a registry, wherever one may be named."""

from __future__ import annotations

import re
from typing import Any

from ..arm.context import Context
from ..arm.ids import ResourceId
from ..arm.store import Resource

SCHEME = "azureml://registries/"
NAMED = re.compile(
    r"(?:azureml:)?azureml://registries/(?P<r>[^/]+)/(?P<kind>[^/]+)/(?P<n>[^/]+)"
    r"/(?P<by>versions|labels)/(?P<v>[^/]+)/?$",
    re.IGNORECASE,
)
WHOLE = "_whole"
"""The member of a version's body that says that everything of it has arrived. Until then nobody sees it."""
LATEST = "latest"


def registry(context: Context, name: str) -> Resource | None:
    """The registry of this name: it is the only one in the tenant."""
    everywhere = context.store.of_type("registries")
    return next((each for each in everywhere if each.id.name.lower() == name.lower()), None)


def asset_id(context: Context, reference: str) -> ResourceId | None:
    """The ARM id that a reference stands for, an id itself or an address in a registry; None for other forms.

    Of a registry that is not here, and of a label of what has no version, there is none.
    """
    found = NAMED.match(reference)
    if found is None:
        return ResourceId.parse(reference)
    home = registry(context, found["r"])
    if home is None:
        return None
    container = home.id.child(found["kind"], found["n"])
    if found["by"].lower() == "versions":
        return container.child("versions", found["v"])
    newest = versions(context, container)[-1:]
    return newest[0].id if newest and found["v"].lower() == LATEST else None


def asset(context: Context, reference: str) -> Resource | None:
    """The version that a reference names, where it is there and whole."""
    id = asset_id(context, reference)
    found = context.store.get(id) if id else None
    return found if found and is_whole(found) else None


def versions(context: Context, container: ResourceId) -> list[Resource]:
    """The versions of an asset that are whole, oldest first."""
    return [each for each in context.store.children(container, "versions") if is_whole(each)]


def is_whole(resource: Resource) -> bool:
    """Whether a version has arrived; in a workspace each has as soon as it is there."""
    return bool(resource.body.get(WHOLE, True))


def is_in_registry(id: ResourceId) -> bool:
    """Whether an id is of something in a registry, and not of the registry itself."""
    return id.is_ours and len(id.pairs) > 1 and id.pairs[0][0].lower() == "registries"


def reference_to(id: ResourceId) -> str:
    """How a version is named elsewhere: by its ARM id, in a registry by its address there."""
    if not is_in_registry(id):
        return f"azureml:{id}"
    path = "/".join(f"{kind}/{name}" for kind, name in id.pairs[1:])
    return f"{SCHEME}{id.pairs[0][1]}/{path}"


def pinned(context: Context, body: Any) -> Any:
    """A body in which labels of registries stand for the versions that they name now: what runs does not change.

    A label that names nothing stays, to be refused where it is looked for.
    """
    if isinstance(body, dict):
        return {key: pinned(context, value) for key, value in body.items()}
    if isinstance(body, list):
        return [pinned(context, each) for each in body]
    if isinstance(body, str) and (found := NAMED.match(body)) and found["by"].lower() == "labels":
        id = asset_id(context, body)
        return reference_to(id) if id else body
    return body
