"""Environments: an image, a conda file or a build context. What a step may import is read from these."""

from __future__ import annotations

import json
import re

import yaml

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound, ServiceError
from ..arm.ids import ResourceId
from ..arm.store import Body, Resource
from ..runtimes import recipe
from ..runtimes.build import BuildFailed, Environment, Report, ensure
from ..storage import registries
from ..storage.places import locate
from .versions import Version

CATALOGUE = re.compile(r"azureml://registries/azureml(-[^/]+)?/", re.IGNORECASE)
"""Microsoft's curated environments live in registries that are not here; their names are taken on trust."""


class EnvironmentVersion(Version):
    """The conda file comes back as JSON text; the newest version carries the label `latest`."""

    # The SDK counts on 409 to go on to the next version where a changed environment names none.
    conflict_status = 409

    def __init__(self) -> None:
        super().__init__("environment", ("image", "condaFile", "build"))

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
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
    """The environment version that a reference names: an id, `azureml:name:version`, `azureml:name@latest`."""
    id = registries.asset_id(context, reference)
    if id is None and reference.startswith(registries.SCHEME):
        return None
    if id is None:
        name, _, label = reference.removeprefix("azureml:").partition("@")
        if label:
            versions = context.store.children(workspace.child("environments", name), "versions")
            return versions[-1] if versions else None
        name, _, version = name.rpartition(":")
        id = workspace.child("environments", name).child("versions", version)
    found = context.store.get(id)
    return found if found and registries.is_whole(found) else None


def _home(workspace: ResourceId, reference: str) -> str:
    """Where an environment was looked for, in words."""
    named = registries.NAMED.match(reference)
    return f"the registry '{named['r']}'" if named else f"the workspace '{workspace.workspace.name}'"


def recipe_of(context: Context, resource: Resource) -> recipe.Recipe:
    """What the environment declares. Raises BadRequest where it cannot be read."""
    values = properties(resource)
    if build := values.get("build"):
        place = locate(context, resource.id.workspace, build["contextUri"])
        return recipe.from_docker(place.on_disk(context), build.get("dockerfilePath") or "Dockerfile")
    if conda := values.get("condaFile"):
        return recipe.from_conda(conda)
    return recipe.Recipe("", "")


def recipe_for(context: Context, workspace: ResourceId, reference: str) -> recipe.Recipe:
    """The recipe of a reference. Of a curated environment of Microsoft's only the image's name is known here."""
    if not reference or CATALOGUE.match(reference):
        return recipe.Recipe("", "")
    resource = find(context, workspace, reference)
    if resource is None:
        raise BuildFailed(f"the environment {reference} does not exist in {_home(workspace, reference)}")
    return recipe_of(context, resource)


def ensure_reference(context: Context, workspace: ResourceId, reference: str, report: Report) -> Environment:
    """The built environment of a reference. Raises BuildFailed, with a message for the job's error."""
    try:
        return ensure(context.home.environments, recipe_for(context, workspace, reference), report)
    except ServiceError as error:
        raise BuildFailed(error.message) from error


def check(context: Context, workspace: ResourceId, reference: str, named_by: str = "") -> Resource | None:
    """The environment that a job, a component or a deployment names; None for one of the catalogue.

    Raises NotFound for one that was never registered.
    """
    if CATALOGUE.match(reference):
        return None
    found = find(context, workspace, reference)
    if found is None:
        name = reference.rpartition("/environments/")[2] or reference
        where = _home(workspace, reference)
        raise NotFound(
            f"The environment {name}{named_by} does not exist in {where}. Register it first.",
            inner=("NotFound",),
        )
    return found
