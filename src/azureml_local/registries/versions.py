"""The versions of a registry: they arrive whole, with files of their own, or not at all."""

from __future__ import annotations

import re
import shutil
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..arm.behaviour import Work, properties
from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound, ServiceError
from ..arm.ids import ResourceId
from ..arm.requests import HERE, Call
from ..arm.store import Body, Resource
from ..assets.codes import CodeVersion
from ..assets.components import DEFAULT_LABEL, ComponentVersion
from ..assets.data import DataVersion
from ..assets.environments import EnvironmentVersion
from ..assets.models import ModelVersion
from ..assets.versions import Container, Version
from ..storage import registries
from ..storage.accounts import account
from ..storage.links import files_below
from ..storage.places import Location, locate
from ..storage.registries import WHOLE, is_whole
from .places import pending

IMPORT = "POST"
"""The method by which the service itself stores what it takes out of a workspace; clients put."""
LIMIT = "PT1H"
_copying = threading.Lock()


def not_found(id: ResourceId) -> NotFound:
    """The 404 of an asset or a version. Source: a public log."""
    kind = id.pairs[1][0].lower().removesuffix("s").capitalize() if len(id.pairs) > 1 else "Asset"
    named = f"{id.pairs[1][1]}:{id.name}" if len(id.pairs) > 2 else id.name
    message = f"{kind} '{named}' not found in registry '{id.pairs[0][1]}'"
    return NotFound(message, inner=("NotFound", f"{kind}NotFound"))


class SharedContainer(Container):
    """An asset's name in a registry: there as soon as one of its versions is."""

    def view(self, context: Context, resource: Resource) -> Body:
        return _addressed(resource.id, super().view(context, resource))

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        return context.store.get(id) if registries.versions(context, id) else None

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        there = [each for each in resources if registries.versions(call.context, each.id)]
        return super().listed(call, parent, there)

    def missing(self, id: ResourceId) -> ServiceError:
        return not_found(id)


class Shared(Version):
    """What a version in a registry does beyond its kind. `place` is the way to its URI in the properties."""

    place: tuple[str, ...] = ()

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        if call.context.store.get(id.workspace) is None:
            raise NotFound(f"Registry {id.workspace.name} was not found.", inner=("NotFound", "RegistryNotFound"))
        # one that has not arrived is as good as none: whoever puts it again begins it anew
        arrived = existing if existing and is_whole(existing) else None
        prepared = super().prepare(call, id, body, arrived)
        uri = self.uri(prepared["properties"])
        if uri and call.method != IMPORT:
            self._check_own(call.context, id, uri)
        return {**prepared, WHOLE: arrived is not None}

    def uri(self, values: Body) -> str:
        """Where the files of a version are; "" for one that has none."""
        for name in self.place:
            values = values.get(name) or {}
        return str(values) if self.place and values else ""

    def moved(self, values: Body, uri: str) -> Body:
        """The properties with another place."""
        first, *rest = self.place
        return {**values, first: {**values[first], rest[0]: uri} if rest else uri}

    @staticmethod
    def _check_own(context: Context, id: ResourceId, uri: str) -> None:
        """What a client puts was uploaded to the registry: it may not have it fetch what is another's."""
        container = locate(context, id.workspace, uri).container
        if container.partition("/")[0] != account(context, id.workspace):
            raise BadRequest(
                f"The registry '{id.workspace.name}' takes files that were uploaded to it, not {uri}.",
                inner=("BadArgument",),
            )

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> Work:
        return Work("registryAsset", "PUT", limit=LIMIT, accepted=True)

    def make(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        """Copy the files into a container of the version's own, then show it. Twice is the same as once."""
        resource = context.store.get(id)
        if resource is None or is_whole(resource):
            return
        uri = self.uri(properties(resource))
        target = copied(context, id, uri) if uri else ""
        with context.store.transaction():
            now = context.store.get(id)
            if now is None or is_whole(now):
                return
            if self.uri(properties(now)) != uri:
                raise ServiceError(
                    f"{registries.reference_to(id)} was put anew while it was made.", code="Conflict", status=409
                )
            values = self.moved(properties(now), target) if uri else properties(now)
            context.store.put(id, {**now.body, "properties": values, WHOLE: True})

    def failed(self, context: Context, id: ResourceId, error: ServiceError) -> None:
        with context.store.transaction():
            resource = context.store.get(id)
            if resource and not is_whole(resource) and error.code != "Conflict":
                context.store.delete(id)

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        if id.name == DEFAULT_LABEL:
            newest = registries.versions(context, id.parent)[-1:]
            return newest[0] if newest else None
        found = context.store.get(id)
        return found if found and is_whole(found) else None

    def view(self, context: Context, resource: Resource) -> Body:
        return _addressed(resource.id, super().view(context, resource))

    def missing(self, id: ResourceId) -> ServiceError:
        return not_found(id)

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        """An unknown asset has no versions here; in a workspace it is not found."""
        there = [each for each in resources if is_whole(each)]
        return super().listed(call, parent, there) if there else []


class SharedModel(Shared, ModelVersion):
    place = ("modelUri",)
    actions = {"startPendingUpload": pending}  # noqa: RUF012 - a table


class SharedData(Shared, DataVersion):
    place = ("dataUri",)
    actions = {"startPendingUpload": pending}  # noqa: RUF012 - a table


class SharedCode(Shared, CodeVersion):
    place = ("codeUri",)

    def __init__(self) -> None:
        super().__init__()
        self.actions = {"startPendingUpload": pending}


class SharedEnvironment(Shared, EnvironmentVersion):
    place = ("build", "contextUri")


class SharedComponent(Shared, ComponentVersion):
    """Its code and its environment are assets of their own."""


def _addressed(id: ResourceId, body: Body) -> Body:
    """An answer with the id and the type that registries give: an address in place of an ARM id."""
    return {
        **body,
        "id": registries.reference_to(id),
        "type": id.pairs[-2][0] if len(id.pairs) > 2 else id.pairs[-1][0],
    }


def copied(context: Context, id: ResourceId, uri: str) -> str:
    """Copy what is at `uri` into the version's container; its address there. Raises ServiceError.

    The address leaves the account out: the SDK takes the first part of the path for the container.
    """
    source = locate(context, id.workspace, uri)
    place = container_of(context, id, uri)
    name = source.path.rstrip("/").rpartition("/")[2] or "content"
    folder = place.on_disk(context)
    with _copying:
        if not folder.is_dir():
            fresh = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(fresh, ignore_errors=True)
            _copy(source.on_disk(context), context.home.blobs / source.container, fresh / name)
            fresh.rename(folder)
    return f"{HERE}/{place.container.partition('/')[2]}/{name}"


def container_of(context: Context, id: ResourceId, salt: str = "") -> Location:
    """The container of a version: the registry's name and a GUID, as Azure names them."""
    word = re.sub("[^a-z0-9]", "", id.workspace.name.lower())[:10]
    return Location(
        f"{account(context, id.workspace)}/{word}-{uuid.uuid5(uuid.NAMESPACE_URL, f'{id.key} {salt}')}", ""
    )


def _copy(source: Path, root: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True)
        shutil.copyfile(source, target)
        return
    files = list(files_below(source, root))
    if not files:
        raise NotFound(f"There is no blob at {source.name}.", inner=("NotFound",))
    for path, file in files:
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
