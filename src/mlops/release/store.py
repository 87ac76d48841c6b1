"""Documents of an endpoint's releases, in the storage of its workspace: where the next run finds them.

Azure Machine Learning keeps no state of a rollout, and its endpoint's tags are written last one wins. Blobs can be
written on a condition: that they are new, or that nobody has written them since they were read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..data.storage import Place, place
from ..workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

FOLDER = "azureml://datastores/workspaceblobstore/paths/endpoints"
NEW = ""
"""The version of what is not there yet."""


class Stored(NamedTuple):
    """A document, and its version: its ETag."""

    document: dict[str, Any]
    version: str


@dataclass(frozen=True)
class Store:
    """The documents below one folder of a container."""

    folder: Place

    @classmethod
    def of(cls, client: MLClient, endpoint: str) -> Store:
        """That of an endpoint's releases. Raises ServiceFailed where storage does not answer."""
        return cls(place(client, f"{FOLDER}/{endpoint}"))

    def read(self, name: str) -> Stored | None:
        """A document; None where it is not there."""
        from azure.core.exceptions import ResourceNotFoundError

        with sdk():
            try:
                found = self._blob(name).download_blob()
                return Stored(json.loads(found.readall()), str(found.properties.etag))
            except ResourceNotFoundError:
                return None

    def write(self, name: str, document: Mapping[str, Any], over: str | None = None) -> str | None:
        """Write a document whole; its version, or None where the one there is not `over` (NEW: none; None: any).

        A write whose answer was lost is made again by the client, and would then be refused for its own first
        attempt: what stands there is what was to be written, so it is looked at.
        """
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError

        content = json.dumps(document, indent=1, ensure_ascii=False)
        on: dict[str, Any] = {"overwrite": over != NEW}
        if over:
            on |= {"etag": over, "match_condition": MatchConditions.IfNotModified}
        with sdk():
            try:
                return str(self._blob(name).upload_blob(content.encode(), **on)["etag"])
            except (ResourceExistsError, ResourceModifiedError):
                found = self.read(name)
        return found.version if found and found.document == json.loads(content) else None

    def text(self, name: str, text: str) -> None:
        """Write a text beside the documents."""
        with sdk():
            self._blob(name).upload_blob(text.encode(), overwrite=True)

    def forget(self, name: str, version: str) -> None:
        """Delete a document, unless somebody has written it since."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        with sdk():
            try:
                self._blob(name).delete_blob(etag=version, match_condition=MatchConditions.IfNotModified)
            except (ResourceModifiedError, ResourceNotFoundError):
                return

    def names(self) -> list[str]:
        """The documents that are there, in the order of their names."""
        with sdk():
            listed = self.folder.container.list_blob_names(name_starts_with=self.folder.path)
            return sorted(str(name).removeprefix(self.folder.path) for name in listed)

    def _blob(self, name: str) -> Any:
        return self.folder.container.get_blob_client(self.folder.path + name)
