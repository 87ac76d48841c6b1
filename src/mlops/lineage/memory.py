"""What a registered version remembers, read back; and the deployments that serve it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data import manifest
from ..data.storage import place
from ..errors import BadInput
from ..registry.bundle import RELEASE
from ..registry.register import REGISTERING
from ..release.bundle import read
from ..workspace import models, runs
from ..workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

NAMED = re.compile(r"^(?:(?P<name>[A-Za-z][\w-]*)(?::(?P<version>\d+))?|(?P<only>\d+))$")


@dataclass(frozen=True)
class Version:
    """A version, and its lineage (schema lineage/1)."""

    name: str
    number: int
    id: str
    tags: Mapping[str, str]
    lineage: dict[str, Any]

    @property
    def title(self) -> str:
        return f"{self.name}:{self.number}"


def version(client: MLClient, name: str, text: str) -> Version:
    """The version that a person names: `MODEL:V`, `V` of the project's model `name`, or `MODEL`: its highest.

    Raises BadInput where there is none, or where it was registered without a memory.
    """
    found = NAMED.match(text)
    if not found:
        raise BadInput(f"{text} names no version of a model", f"write it as {name}:7, or 7")
    number = found["version"] or found["only"]
    model = models.find(client, found["name"] or name, int(number) if number else None)
    run = (model.tags or {}).get(REGISTERING)
    if not run:
        raise BadInput(
            f"{model.name}:{model.version} has no lineage: it was not registered by the training pipeline"
        )
    lineage = runs.read_output(client, run, "registration", "lineage.json")
    data = lineage["provenance"]["data"]
    data["files"] = files(client, data["name"], data["version"])
    return Version(str(model.name), int(model.version), str(model.id), dict(model.tags or {}), lineage)


def files(client: MLClient, name: str, version: str) -> list[dict[str, Any]]:
    """The files of a data asset with their checksums, as its manifest says; none where the asset is gone."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            asset = client.data.get(name, version=version)
        except ResourceNotFoundError:
            return []
    where = place(client, str(asset.path))
    with tempfile.TemporaryDirectory() as folder:
        for listed in where.listed([manifest.FILE]):
            where.fetch(listed, Path(folder))
        found = Path(folder) / manifest.FILE
        document = json.loads(found.read_text(encoding="utf-8")) if found.is_file() else {"files": []}
    return list(document["files"])


def release(client: MLClient, version: Version) -> dict[str, Any] | None:
    """What is released as this version: release.json of its bundle, and its digest; None where it has no bundle.

    Raises ServiceFailed where a file of the bundle is not what was registered.
    """
    if RELEASE not in version.tags:
        return None
    with tempfile.TemporaryDirectory() as folder:
        bundle = read(client, version.name, version.number, Path(folder))
        return {"digest": bundle.digest, **bundle.document}


def serving(client: MLClient, version: Version) -> list[dict[str, Any]]:
    """The deployments of a workspace that serve a version, with their shares of the traffic in percent."""
    found = []
    with sdk():
        for endpoint in client.online_endpoints.list():
            traffic = endpoint.traffic or {}
            for deployment in client.online_deployments.list(endpoint.name):
                if str(deployment.model).removeprefix("azureml:").lower() == version.id.lower():
                    share = int(traffic.get(deployment.name, 0))
                    found.append({"endpoint": endpoint.name, "deployment": deployment.name, "traffic": share})
    return found
