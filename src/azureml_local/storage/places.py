"""Places in storage: a datastore's URI or an address as `account/container` and a path, and these as files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound
from ..arm.ids import ResourceId, workspace_id
from ..arm.paths import confined
from ..arm.requests import HERE
from .datastores import DEFAULT, container

LONG = re.compile(
    r"azureml://subscriptions/(?P<s>[^/]+)/resourcegroups/(?P<g>[^/]+)(?:/providers/[^/]+)?/workspaces/(?P<w>[^/]+)"
    r"/datastores/(?P<d>[^/]+)(?:/paths)?(?:/(?P<p>.*))?$",
    re.IGNORECASE,
)
SHORT = re.compile(r"azureml://datastores/(?P<d>[^/]+)(?:/paths)?(?:/(?P<p>.*))?$", re.IGNORECASE)
CONTAINER = re.compile(r"^[a-z0-9]+/[a-z0-9][a-z0-9-]*$")
ADDRESS = re.compile(
    r"^/(?P<account>[a-z0-9]+)\.(?:blob|dfs)\.[^/]+/(?P<container>[a-z0-9][a-z0-9-]*)(?:/(?P<path>.*))?$"
)


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


def matches(path: str) -> Location | None:
    """The place that an address of blob storage names, or None for any other address. The path is decoded."""
    found = ADDRESS.match(path)
    return Location(f"{found['account']}/{found['container']}", found["path"] or "") if found else None


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
    """The place that a datastore's URI or an address names. Raises BadRequest for any other form.

    What names an asset or a job's output is resolved by runs/references.
    """
    if found := LONG.match(uri):
        owner = workspace_id(found["s"], found["g"], found["w"])
        return _place(context, container(context, owner.child("datastores", found["d"])), found["p"] or "")
    if found := SHORT.match(uri):
        datastore = workspace.workspace.child("datastores", found["d"])
        return _place(context, container(context, datastore), found["p"] or "")
    if uri.startswith((f"{context.base}/", f"{HERE}/")):
        return _from_url(context, uri)
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
