"""Models: made from an upload, a datastore, or the output of a job."""

from __future__ import annotations

import yaml

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import BadRequest, missing_field
from ..arm.ids import ResourceId
from ..arm.store import Body, Resource
from ..runs.outputs import output_uri
from ..runs.references import JOB_OUTPUT
from ..storage.places import Location, locate, normalise
from .versions import Version


class ModelVersion(Version):
    """The URI is rewritten to the datastore's, the flavours are read from the model's own MLmodel file."""

    def __init__(self) -> None:
        super().__init__("model", ("modelUri", "modelType"))

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        if not values.get("modelUri"):
            raise missing_field("modelUri")
        if context.parity.holds("model-version-integer") and not (id.name.isdigit() and int(id.name) > 0):
            raise BadRequest(
                f"Model version must be a positive integer, it is '{id.name}'.", inner=("BadArgument",)
            )
        sent, job = values["modelUri"], None
        if found := JOB_OUTPUT.match(sent):
            job = found["j"]
            values["modelUri"] = output_uri(context, id.workspace, job, found["o"], found["rest"])
        elif sent.startswith("runs:/"):
            raise BadRequest(f"azureml_local does not resolve {sent}; name the job's output instead.")
        values["modelUri"] = normalise(id, values["modelUri"], "resourceGroups")
        place = locate(context, id.workspace, values["modelUri"])
        if not place.on_disk(context).exists():
            raise BadRequest(
                f"The model's path {sent} does not exist. (No blob at {place.path}.)", inner=("NotFound",)
            )
        return {
            "stage": "Development",
            "intellectualProperty": None,
            "jobName": job or (properties(existing).get("jobName") if existing else None),
            **{k: v for k, v in values.items() if v is not None},
            "flavors": values.get("flavors") or _flavors(context, place),
            "provisioningState": "Succeeded",
        }

    def view(self, context: Context, resource: Resource) -> Body:
        # The SDK fails on a model whose flavors are null.
        values = properties(resource)
        return {**resource.body, "properties": {**values, "flavors": values.get("flavors") or {}}}


def _flavors(context: Context, place: Location) -> Body:
    description = place.on_disk(context) / "MLmodel"
    if not description.is_file():
        return {}
    content = yaml.safe_load(description.read_text()) or {}
    return {
        name: {"data": {k: str(v) for k, v in flavor.items()}}
        for name, flavor in content.get("flavors", {}).items()
    }
