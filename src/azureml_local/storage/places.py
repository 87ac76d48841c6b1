"""The URIs of Azure ML, resolved to `account/container` and a path, and from there to files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound
from ..arm.ids import ResourceId, workspace_id
from ..arm.requests import HERE
from .datastores import DEFAULT, container

LONG = re.compile(
    r"azureml://subscriptions/(?P<s>[^/]+)/resourcegroups/(?P<g>[^/]+)(?:/providers/[^/]+)?/workspaces/(?P<w>[^/]+)"
    r"/datastores/(?P<d>[^/]+)(?:/paths)?(?:/(?P<p>.*))?$",
    re.IGNORECASE,
)
SHORT = re.compile(r"azureml://datastores/(?P<d>[^/]+)(?:/paths)?(?:/(?P<p>.*))?$", re.IGNORECASE)
JOB_OUTPUT = re.compile(r"azureml://jobs/(?P<j>[^/]+)/outputs/(?P<o>[^/]+)(?P<rest>/.*)?$", re.IGNORECASE)
CONTAINER = re.compile(r"^[a-z0-9]+/[a-z0-9][a-z0-9-]*$")
ASSET = re.compile(r"azureml:(?P<n>[^:/]+):(?P<v>[^:/]+)$")


@dataclass(frozen=True)
class Location:
    """A place in storage: `container` is `account/name`, `path` has no leading slash."""

    container: str
    path: str

    def on_disk(self, context: Context) -> Path:
        """The file or folder. Raises BadRequest for a place that no container can have."""
        if not CONTAINER.match(self.container):
            raise BadRequest(f"There can be no container {self.container!r}.", inner=("InvalidUri",))
        return confined(context.home.blobs / self.container, self.path)


def confined(root: Path, path: str) -> Path:
    """`root/path`, refused where it would leave `root`. Names are taken as they are; nothing is resolved."""
    parts = PurePosixPath(path).parts
    if any(part in ("..", "/") or "\0" in part for part in parts):
        raise BadRequest(f"The path {path!r} is not allowed.", inner=("InvalidUri",))
    return root.joinpath(*parts)


def long_form(workspace: ResourceId, datastore: str, path: str, group_word: str = "resourcegroups") -> str:
    """The full azureml:// URI of a path in a datastore."""
    return (
        f"azureml://subscriptions/{workspace.subscription}/{group_word}/{workspace.group}"
        f"/workspaces/{workspace.name}/datastores/{datastore}/paths/{path}"
    )


def normalise(workspace: ResourceId, uri: str, group_word: str = "resourcegroups") -> str:
    """A datastore URI in its long form; any other URI as it is."""
    found = SHORT.match(uri)
    return long_form(workspace.workspace, found["d"], found["p"] or "", group_word) if found else uri


def default_uri(workspace: ResourceId, path: str) -> str:
    """The URI of a path in the default datastore."""
    return long_form(workspace, DEFAULT, path)


def locate(context: Context, workspace: ResourceId, uri: str) -> Location:
    """The place that a URI names. Raises BadRequest for a form that the emulator does not read."""
    if found := LONG.match(uri):
        owner = workspace_id(found["s"], found["g"], found["w"])
        return _place(context, container(context, owner.child("datastores", found["d"])), found["p"] or "")
    if found := SHORT.match(uri):
        datastore = workspace.workspace.child("datastores", found["d"])
        return _place(context, container(context, datastore), found["p"] or "")
    if uri.startswith((f"{context.base}/", f"{HERE}/")):
        return _from_url(context, uri)
    if found := JOB_OUTPUT.match(uri):
        from ..runs.outputs import output_location

        return output_location(context, workspace, found["j"], found["o"], found["rest"])
    if (found := ASSET.match(uri)) or uri.lower().startswith("/subscriptions/"):
        id = ResourceId.parse(uri)
        if found:
            id = workspace.workspace.child("data", found["n"]).child("versions", found["v"])
        if id is not None:
            return _from_asset(context, id)
    raise BadRequest(f"azureml_local cannot read from {uri}.", inner=("InvalidUri",))


def _place(context: Context, name: str, path: str) -> Location:
    """The SDK writes paths as they are; people also write them percent-encoded."""
    place = Location(name, path)
    return place if "%" not in path or place.on_disk(context).exists() else Location(name, unquote(path))


def _from_url(context: Context, url: str) -> Location:
    """`https://localhost:PORT/account.blob.SUFFIX/container/path`, or without the account (contextUri)."""
    parts = unquote(urlparse(url).path).strip("/").split("/")
    if ".blob." in parts[0] and len(parts) > 1:
        return Location(f"{parts[0].partition('.')[0]}/{parts[1]}", "/".join(parts[2:]))
    # The SDK drops the account from the address of a build context; containers' names are told apart by guid.
    for folder in sorted(context.home.blobs.glob(f"*/{parts[0]}")):
        if folder.joinpath(*parts[1:]).exists():
            return Location(f"{folder.parent.name}/{parts[0]}", "/".join(parts[1:]))
    raise NotFound(f"There is no blob at {url}.", inner=("NotFound",))


def _from_asset(context: Context, id: ResourceId) -> Location:
    resource = context.store.get(id)
    if resource is None:
        kind, name = id.pairs[-2] if len(id.pairs) > 1 else id.pairs[-1]
        raise NotFound(f"{kind} asset {name} with version {id.name} not found.", inner=("NotFound",))
    values = resource.body["properties"]
    return locate(context, id.workspace, values.get("dataUri") or values["modelUri"])
