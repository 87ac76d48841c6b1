"""What an input may name: besides a place in storage an asset, by its name or id, or an output of a job."""

from __future__ import annotations

import re

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import NotFound
from ..arm.ids import ResourceId
from ..storage import places, registries
from ..storage.places import Location
from .outputs import output_uri

JOB_OUTPUT = re.compile(r"azureml://jobs/(?P<j>[^/]+)/outputs/(?P<o>[^/]+)(?P<rest>/.*)?$", re.IGNORECASE)
URIS = ("dataUri", "modelUri", "codeUri")
"""What the kinds of assets call the place of their files."""
ASSET = re.compile(r"azureml:(?P<n>[^:/]+):(?P<v>[^:/]+)$")


def locate(context: Context, workspace: ResourceId, uri: str) -> Location:
    """The place in storage of whatever `uri` names. Raises BadRequest for a form that is not read, NotFound."""
    if found := JOB_OUTPUT.match(uri):
        return places.locate(
            context, workspace, output_uri(context, workspace, found["j"], found["o"], found["rest"])
        )
    if found := ASSET.match(uri):
        data = workspace.workspace.child("data", found["n"]).child("versions", found["v"])
        return _of_asset(context, data)
    if uri.lower().startswith(("/subscriptions/", registries.SCHEME)) and (
        id := registries.asset_id(context, uri)
    ):
        return _of_asset(context, id)
    return places.locate(context, workspace, uri)


def _of_asset(context: Context, id: ResourceId) -> Location:
    resource = context.store.get(id)
    if resource is None or not registries.is_whole(resource):
        kind, name = id.pairs[-2] if len(id.pairs) > 1 else id.pairs[-1]
        raise NotFound(f"{kind} asset {name} with version {id.name} not found.", inner=("NotFound",))
    values = properties(resource)
    uri = next((str(values[field]) for field in URIS if values.get(field)), "")
    return locate(context, id.workspace, uri)
