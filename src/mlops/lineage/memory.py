"""What a registered version remembers, read back; and the deployments that serve it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from ..registry.register import REGISTERING
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
    return Version(str(model.name), int(model.version), str(model.id), lineage)


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
