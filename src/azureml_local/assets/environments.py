"""Environments: an image, a conda file or a build context. What a step may import is read from these."""

from __future__ import annotations

import json

import yaml

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import BadRequest
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body, Resource
from .versions import Version


class EnvironmentVersion(Version):
    """The conda file comes back as JSON text; the newest version carries the label `latest`."""

    # The SDK counts on 409 to go on to the next version where a changed environment names none.
    conflict_status = 409

    def __init__(self) -> None:
        super().__init__("environment", ("image", "condaFile", "build"))

    def complete(self, call: Call, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        if values.get("build") and values.get("image"):
            raise BadRequest(
                "More than one of BaseImage, BaseDockerfile, and BuildContext were set; "
                "these are mutually exclusive properties."
            )
        if values.get("condaFile"):
            values["condaFile"] = _as_json(values["condaFile"])
        return {
            "environmentType": "UserCreated",
            "osType": "Linux",
            "autoRebuild": "Disabled",
            "stage": "Development",
            "intellectualProperty": None,
            **values,
            "provisioningState": "Succeeded",
        }

    def view(self, context: Context, resource: Resource) -> Body:
        versions = context.store.children(resource.id.parent, "versions")
        values = properties(resource)
        if versions and versions[-1].id.key == resource.id.key:
            values = {**values, "properties": {**values["properties"], "azureml.labels": "latest"}}
        return {**resource.body, "properties": values}


def _as_json(conda: str) -> str:
    try:
        parsed = yaml.safe_load(conda)
    except yaml.YAMLError as error:
        raise BadRequest(f"The conda file is not YAML: {error}".splitlines()[0], inner=("BadArgument",)) from error
    if not isinstance(parsed, dict):
        raise BadRequest("The conda file must be a mapping.", inner=("BadArgument",))
    return json.dumps(parsed, indent=2, sort_keys=True)


def find(context: Context, workspace: ResourceId, reference: str) -> Resource | None:
    """The environment version that a reference names: an ARM id, `azureml:name:version`, `azureml:name@latest`."""
    id = ResourceId.parse(reference)
    if id is None:
        name, _, label = reference.removeprefix("azureml:").partition("@")
        if label:
            versions = context.store.children(workspace.child("environments", name), "versions")
            return versions[-1] if versions else None
        name, _, version = name.rpartition(":")
        id = workspace.child("environments", name).child("versions", version)
    return context.store.get(id)
