"""Places in storage: folders of a container, or of a data lake's file system, which answers as one.

Storage is opened as whoever runs the command; no key and no signature is read from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import BadInput, MlopsError
from ..workspace.connect import sdk
from ..workspace.credentials import credential
from .manifest import Listed, Taken, sha256, taken

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.storage.blob import BlobProperties, ContainerClient

WRITERS = 8
FORMS = (
    "azureml://datastores/NAME/paths/PATH",
    "https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH",
    "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH",
)
"""What a place may be written as."""
DATASTORE = re.compile(r"azureml://(?:subscriptions/[^?#]+/)?datastores/(?P<name>[^/?#]+)/paths/(?P<path>[^?#]*)")
ADDRESS = re.compile(
    r"https://(?P<account>[a-z0-9]{3,24})\.(?:blob|dfs)\.(?P<suffix>[a-z0-9.-]+)/(?P<container>[a-z0-9$-]+)"
    r"(?:/(?P<path>[^?#]*))?"
)
LAKE = re.compile(
    r"abfss?://(?P<container>[a-z0-9$-]+)@(?P<account>[a-z0-9]{3,24})\.(?:dfs|blob)\.(?P<suffix>[a-z0-9.-]+)"
    r"(?:/(?P<path>[^?#]*))?"
)


@dataclass(frozen=True)
class Place:
    """A folder in a container; `path` ends in a slash, or is empty."""

    uri: str
    container: ContainerClient
    path: str

    def listed(self, patterns: Sequence[str] = ("*",)) -> Iterator[Listed]:
        """The files of the folder, at any depth, whose own names fit one of the patterns.

        Names that begin with "." or "_" are left out, as Spark does, unless a pattern is that very name. Raises
        BadInput for a name that would leave the folder.
        """
        from azure.core.exceptions import ResourceNotFoundError

        with sdk():
            try:
                blobs = list(self.container.list_blobs(name_starts_with=self.path, include=["metadata"]))
            except ResourceNotFoundError as error:
                raise BadInput(f"{self.uri}: there is no such container yet, and nothing has landed") from error
        for blob in blobs:
            name = str(blob.name).removeprefix(self.path)
            parts = name.split("/")
            hidden = any(part.startswith(("_", ".")) and part != ".." for part in parts)
            if _is_folder(blob) or (hidden and name not in patterns):
                continue
            if not any(fnmatch(parts[-1], pattern) for pattern in patterns):
                continue
            if leads_elsewhere(name):
                raise BadInput(f"{self.uri}: the file {name!r} cannot be taken: its name would lead elsewhere")
            when = blob.last_modified.astimezone(UTC).isoformat()
            yield Listed(name, int(blob.size), str(blob.etag).strip('"'), when)

    def fetch(self, wanted: Listed, folder: Path) -> Taken:
        """Read one file into the folder, as it was listed. Raises MlopsError if it has changed since."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        target = folder / PurePosixPath(wanted.file)
        target.parent.mkdir(parents=True, exist_ok=True)
        blob = self.container.get_blob_client(self.path + wanted.file)
        with sdk():
            try:
                download = blob.download_blob(
                    etag=f'"{wanted.etag}"', match_condition=MatchConditions.IfNotModified, max_concurrency=4
                )
                with target.open("wb") as file:
                    size = download.readinto(file)
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                raise self._changed(wanted) from error
        if size != wanted.size:
            raise self._changed(wanted)
        return taken(wanted, sha256(target))

    def copy(self, folder: Path) -> None:
        """Read every file into a folder, whatever its name. Raises BadInput for one that would leave it."""
        with sdk():
            blobs = [
                each for each in self.container.list_blobs(name_starts_with=self.path) if not _is_folder(each)
            ]
            for blob in blobs:
                name = str(blob.name).removeprefix(self.path)
                if leads_elsewhere(name):
                    raise BadInput(f"{self.uri}: the file {name!r} cannot be taken: its name would lead elsewhere")
                target = folder / PurePosixPath(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    self.container.download_blob(blob.name).readinto(file)

    def store(self, folder: Path) -> None:
        """Write every file of a folder here, over what an earlier attempt left."""
        files = [each for each in folder.rglob("*") if each.is_file()]

        def write(file: Path) -> None:
            blob = self.container.get_blob_client(self.path + file.relative_to(folder).as_posix())
            with file.open("rb") as content:
                blob.upload_blob(content, overwrite=True, max_concurrency=2)

        with sdk(), ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, files))

    def _changed(self, wanted: Listed) -> MlopsError:
        return MlopsError(
            f"{self.uri}: {wanted.file} changed while it was read; nothing was published",
            "run it again when the file is complete",
        )


def leads_elsewhere(name: str) -> bool:
    """Whether the name of a blob, as a path below a folder, would leave it."""
    return bool({"", ".."} & set(name.split("/"))) or "\\" in name


def _is_folder(blob: BlobProperties) -> bool:
    """Whether it stands for a folder: an account with folders lists these, too."""
    return str((blob.metadata or {}).get("hdi_isfolder", "")).lower() == "true"


def place(client: MLClient, uri: str) -> Place:
    """The folder that a URI names, as whoever runs this may open it. Raises BadInput for another kind of URI."""
    from azure.storage.blob import ContainerClient

    if found := DATASTORE.fullmatch(uri):
        account, container = _datastore(client, found["name"])
    elif found := ADDRESS.fullmatch(uri) or LAKE.fullmatch(uri):
        account, container = f"https://{found['account']}.blob.{found['suffix']}", found["container"]
    else:
        raise BadInput(f"{uri} names no place in storage", f"it is one of {', '.join(FORMS)}")
    path = unquote(found["path"] or "").strip("/")
    opened = ContainerClient(account, container, credential=credential())
    return Place(uri, opened, f"{path}/" if path else "")


def _datastore(client: MLClient, name: str) -> tuple[str, str]:
    """The account's address and the container of a datastore. Raises BadInput where it has none."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            store = client.datastores.get(name)
        except ResourceNotFoundError as error:
            raise BadInput(f"there is no datastore {name} in the workspace") from error
    container = getattr(store, "container_name", None) or getattr(store, "filesystem", None)
    if not container:
        raise BadInput(f"the datastore {name} is no container of blob storage and no file system of a data lake")
    return f"{store.protocol}://{store.account_name}.blob.{store.endpoint}", str(container)
