"""Data assets: a name and a version for a URI."""

from __future__ import annotations

from ..arm.context import Context
from ..arm.ids import ResourceId
from ..arm.store import Body, Resource
from ..storage.places import normalise
from .versions import Version


class DataVersion(Version):
    """The URI comes back in its long form."""

    def __init__(self) -> None:
        super().__init__("data", ("dataUri", "dataType"))

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        uri = values.get("dataUri") or ""
        return {"stage": None, "intellectualProperty": None, **values, "dataUri": normalise(id, uri)}
