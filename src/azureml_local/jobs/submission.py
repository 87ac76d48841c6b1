"""Jobs as resources: checked when they are put, then run; and their cancellation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ..arm import operations
from ..arm.behaviour import Behaviour, Work, properties
from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound, ServiceError
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.store import Body, Resource
from ..runs.run import Run
from ..storage.registries import pinned
from ..tracking.servers import TrackingServers
from .checks import check_form
from .runner import Runner


class Job(Behaviour):
    """A job of any kind. What it is doing stands in its run."""

    noun = "job"
    verbs = ("GET", "LIST", "PUT", "PATCH")

    def __init__(self) -> None:
        self.actions = {"cancel": cancel}

    def needs(self, call: Call, id: ResourceId) -> tuple[str, ...]:
        return call.context.part(Runner).kinds.of((call.body.get("properties") or {}).get("jobType")).rights

    def prepare(self, call: Call, id: ResourceId, body: Body, existing: Resource | None) -> Body:
        values = pinned(call.context, body.get("properties") or {})
        if existing is not None:
            # A second PUT changes what describes the job, not the job.
            known = properties(existing)
            changes = {k: values[k] for k in ("displayName", "description", "isArchived") if k in values}
            tags = {**known.get("tags", {}), **(values.get("tags") or {})}
            return {"properties": {**known, **changes, "tags": tags}}
        kind = call.context.part(Runner).kinds.of(values.get("jobType"))
        if Run(call.context, id.workspace, id.name).exists:
            raise BadRequest(f"A run with the id {id.name} already exists.", inner=("RunIdAlreadyExists",))
        check_form(values)
        kind.check(call, id, values)
        tags = {**kind.tags(values), **(values.get("tags") or {})}
        return {"properties": {"description": None, **values, "tags": tags}}

    def stored(self, call: Call, id: ResourceId, existing: Resource | None) -> None:
        """A job and its run are there both or neither."""
        resource = call.context.store.get(id)
        values = properties(resource) if resource else {}
        run = Run(call.context, id.workspace, id.name)
        if existing is not None:
            run.note(tags=values["tags"], display_name=values.get("displayName") or id.name)
            return
        kind = call.context.part(Runner).kinds.of(values["jobType"])
        run.create(
            kind.name,
            status=kind.first,
            display_name=values.get("displayName") or id.name,
            experiment=values.get("experimentName") or "Default",
            tags=values["tags"],
            properties=kind.properties(values),
        )

    def applied(self, call: Call, id: ResourceId, existing: Resource | None) -> None:
        if existing is None:
            call.context.part(Runner).start(Run(call.context, id.workspace, id.name))

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        """A step is found too, as a resource without properties: the SDK then asks run history.

        A trial of a sweep is a command job.
        """
        resource = context.store.get(id)
        run = Run(context, id.workspace, id.name)
        if resource is None and run.exists:
            created = {
                "createdAt": run.record()["created"],
                "createdBy": "local user",
                "createdByType": "User",
            }
            job = run.record().get("job")
            return Resource(id, {"systemData": created, **({"properties": job} if job else {})}, 0)
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

    def act(self, context: Context, id: ResourceId, arguments: Mapping[str, Any]) -> None:
        context.part(Runner).cancel(Run(context, id.workspace, id.name))

    def settled(self, context: Context, id: ResourceId) -> bool:
        run = Run(context, id.workspace, id.name)
        return not run.exists or run.ended


def services(context: Context, run: Run) -> Body:
    """Where a job can be looked at; the SDK needs Studio to stream."""
    ids = {
        "Tracking": f"azureml://{context.host}/mlflow/v1.0{run.workspace}?",
        "Studio": context.part(TrackingServers).page(run.workspace, run.id),
    }
    blank = {"port": None, "status": None, "errorMessage": None, "properties": None, "nodes": None}
    return {name: {"jobServiceType": name, "endpoint": url, **blank} for name, url in ids.items()}


def cancel(call: Call) -> Response:
    """POST …/jobs/N/cancel: 202 with only Location; it answers 200 once the job has ended."""
    id = call.id.resource
    if not Run(call.context, id.workspace, id.name).exists:
        raise NotFound(f"Run {id.name} was not found", inner=("NotFound",))
    work = Work("jc", "POST", announced=("Location",), limit="PT1H")
    return answer(None, 202, operations.start(call, id, work))
