"""Jobs as resources: checked when they are put, then run; and their cancellation."""

from __future__ import annotations

import json
import re
import time

from starlette.responses import Response

from ..arm import operations
from ..arm.behaviour import Behaviour, properties
from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound, NotSupported, ServiceError, not_a_form
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.store import Body, Resource
from ..assets import environments
from ..runs.run import TERMINAL, Run
from ..storage.datastores import DEFAULT
from . import graph

FIRST_STATUS = {"Command": "Starting", "Pipeline": "Preparing"}
"""What the service answers right after the PUT; the other job types are not supported."""
PORT = re.compile(r"^[A-Za-z_]\w*$", re.ASCII)
SERVERLESS = "serverless"


class Job(Behaviour):
    """A command or pipeline job. What it is doing stands in its run."""

    noun = "job"

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        values = body.get("properties") or {}
        if existing is not None:
            # A second PUT changes what describes the job, not the job.
            known = properties(existing)
            changes = {k: values[k] for k in ("displayName", "description", "isArchived") if k in values}
            tags = {**known.get("tags", {}), **(values.get("tags") or {})}
            return {"properties": {**known, **changes, "tags": tags}}
        kind = values.get("jobType")
        if kind not in FIRST_STATUS:
            raise NotSupported(f"jobs of type {kind}")
        if Run(call.context, id.workspace, id.name).exists:
            raise BadRequest(f"A run with the id {id.name} already exists.", inner=("RunIdAlreadyExists",))
        _check_names(values)
        for node in (values.get("jobs") or {}).values():
            _check_names(node)
        check = self._check_command if kind == "Command" else self._check_pipeline
        check(call, id, values)
        return {"properties": {"description": None, **values, "tags": values.get("tags") or {}}}

    def _check_command(self, call: Call, id: ResourceId, values: Body) -> None:
        context = call.context
        if not values.get("command"):
            raise not_a_form("command")
        _check_compute(context, id.workspace, values.get("computeId"))
        reference = str(values.get("environmentId") or "")
        if not reference:
            raise not_a_form("environmentId")
        curated = reference.startswith("azureml://registries/")
        if not curated and environments.find(context, id.workspace, reference) is None:
            raise NotFound(
                f"The environment {reference.rpartition('/environments/')[2] or reference} does not exist in "
                f"the workspace '{id.workspace.name}'. Register it first.",
                inner=("NotFound",),
            )
        named = [n for n, o in (values.get("outputs") or {}).items() if (o or {}).get("assetVersion")]
        strict = call.parameter("api-version") >= "2025-01-01" and context.parity.holds("job-output-version")
        if named and strict:
            message = (
                "Could not find member 'assetVersion' on object of type 'UriFolderJobOutput'. Path 'assetVersion'."
            )
            raise BadRequest(
                "Request is invalid and/or missing fields.",
                inner=("RequestInvalid",),
                details=tuple(("RequestInvalid", message) for _ in named),
            )

    def _check_pipeline(self, call: Call, id: ResourceId, values: Body) -> None:
        if not values.get("jobs"):
            raise not_a_form("jobs")
        settings = values.get("settings") or {}
        _check_compute(call.context, id.workspace, settings.get("default_compute"))
        for node in graph.nodes(call.context, id.workspace, values["jobs"]).values():
            _check_compute(call.context, id.workspace, node.body.get("computeId"))

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> None:
        resource = call.context.store.get(id)
        if resource is None:
            return
        values = properties(resource)
        run = Run(call.context, id.workspace, id.name)
        if existing is not None:
            run.note(tags=values["tags"], display_name=values.get("displayName") or id.name)
            return
        run.create(
            values["jobType"],
            status=FIRST_STATUS[values["jobType"]],
            display_name=values.get("displayName") or id.name,
            experiment=values.get("experimentName") or "Default",
            tags=values["tags"],
            properties=_service_properties(values),
        )
        call.context.runner.start(run)

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        """A step is found too, as a resource without properties: the SDK then asks run history."""
        resource = context.store.get(id)
        run = Run(context, id.workspace, id.name)
        if resource is None and run.exists:
            created = {
                "createdAt": run.record()["created"],
                "createdBy": "local user",
                "createdByType": "User",
            }
            return Resource(id, {"systemData": created}, 0)
        return resource

    def view(self, context: Context, resource: Resource) -> Body:
        if "properties" not in resource.body:
            return resource.body
        run = Run(context, resource.id.workspace, resource.id.name)
        record, values = run.record(), properties(resource)
        inputs = {
            name: {"description": None, "mode": "ReadOnlyMount", **item} if "uri" in item else item
            for name, item in (values.get("inputs") or {}).items()
        }
        computed = {
            "parentJobName": None,
            "status": record["status"],
            "services": services(context, run),
            "inputs": inputs,
            # The service adds an output `default`; the SDK would then look for a running job's log in the
            # datastore. It is left out on purpose.
            "outputs": values.get("outputs") or {},
            "tags": record["tags"],
            "displayName": record["display_name"],
            "properties": {**(values.get("properties") or {}), **record["properties"]},
        }
        return {**resource.body, "properties": {**values, **computed}}

    def missing(self, id: ResourceId) -> ServiceError:
        return NotFound(f"Run {id.name} was not found", inner=("NotFound",))

    def delete(self, call: Call, resource: Resource) -> Body | None:
        raise NotSupported("DELETE workspaces/jobs")


def _check_names(values: Body) -> None:
    """Names of inputs and outputs become names of folders and variables."""
    for side in ("inputs", "outputs"):
        for name in values.get(side) or {}:
            if not PORT.match(name):
                raise BadRequest(
                    f"The name '{name}' of the {side} is not valid: letters, digits and underscores.",
                    inner=("BadArgument",),
                )


def services(context: Context, run: Run) -> Body:
    """Where a job can be looked at; the SDK needs Studio to stream."""
    ids = {
        "Tracking": f"azureml://{context.host}/mlflow/v1.0{run.workspace}?",
        "Studio": context.tracking.page(run.workspace, run.id),
    }
    blank = {"port": None, "status": None, "errorMessage": None, "properties": None, "nodes": None}
    return {name: {"jobServiceType": name, "endpoint": url, **blank} for name, url in ids.items()}


def _service_properties(values: Body) -> dict[str, str]:
    """What the service writes into the properties of a new job."""
    if values["jobType"] == "Command":
        compute = str(values.get("computeId") or "").rpartition("/")[2]
        return {"_azureml.ComputeTargetType": "amlctrain", "_azureml.ClusterName": compute}
    settings = values.get("settings") or {}
    literals = {n: i["value"] for n, i in (values.get("inputs") or {}).items() if i.get("value") is not None}
    return {
        "azureml.DevPlatv2": "true",
        "azureml.DatasetAccessMode": "Asset",
        "azureml.runsource": "azureml.PipelineRun",
        "runSource": "MFE",
        "runType": "HTTP",
        "azureml.parameters": json.dumps(literals),
        "azureml.continue_on_step_failure": str(settings.get("continue_on_step_failure", True)),
        "azureml.continue_on_failed_optional_input": "True",
        "azureml.enforceRerun": str(settings.get("force_rerun", False)),
        "azureml.defaultComputeName": str(settings.get("default_compute") or "").rpartition("/")[2],
        "azureml.defaultDataStoreName": str(settings.get("default_datastore") or DEFAULT).rpartition("/")[2],
        "azureml.pipelineComponent": "pipelinerun",
    }


def _check_compute(context: Context, workspace: ResourceId, reference: object) -> None:
    name = str(reference or "").rpartition("/")[2].removeprefix("azureml:")
    if name and name != SERVERLESS and context.store.get(workspace.child("computes", name)) is None:
        raise BadRequest(f"Unknown compute target '{name}'.", inner=("BadArgument",))


def cancel(call: Call) -> Response:
    """POST …/jobs/N/cancel: 202 with only Location; it answers 200 once the job has ended."""
    run = Run(call.context, call.id.workspace, call.id.name)
    if not run.exists:
        raise NotFound(f"Run {call.id.name} was not found", inner=("NotFound",))
    call.context.runner.cancel(run)

    def ended() -> None:
        while run.status not in TERMINAL:
            time.sleep(0.02)

    operation = operations.start(call.context, call.id, "jc", ended)
    sent = operations.headers(call, operation)
    del sent["Azure-AsyncOperation"]
    return answer(None, 202, {**sent, "x-ms-async-operation-timeout": "PT1H"})
