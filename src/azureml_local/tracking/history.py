"""Run history: what the SDK asks for children, logs, outputs and changes of runs."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from starlette.responses import Response

from ..arm.behaviour import properties
from ..arm.context import SUFFIX
from ..arm.errors import NotFound, NotSupported
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.store import Body
from ..runs.outputs import MODEL_TYPES
from ..runs.references import locate
from ..runs.run import Run
from ..storage.links import files_below
from .servers import TrackingServers

RUN = re.compile(
    r"^/history/v1\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)"
    r"(?:/experiments/[^/]+)?/runs/(?P<run>[^/]+)(?:/(?P<part>children|details))?$",
    re.IGNORECASE,
)
RUNDATA = re.compile(r"^/history/v1\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)/rundata$", re.IGNORECASE)
RESOLVE = re.compile(
    r"^/data/v1\.0(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)/dataversion/batchGetResolvedUris$",
    re.IGNORECASE,
)


def handle(call: Call) -> Response:
    """Any request below /history and /data. Raises NotSupported for what is not known."""
    if found := RUN.match(call.path):
        run = _run(call, found["workspace"], unquote(found["run"]))
        if call.method == "PATCH":
            return _patch(call, run)
        if found["part"] == "children":
            return answer({"value": [as_history(child) for child in run.children()]})
        return answer(_details(run) if found["part"] else as_history(run))
    if found := RUNDATA.match(call.path):
        return _rundata(call, found["workspace"])
    if found := RESOLVE.match(call.path):
        return _resolve(call, found["workspace"])
    raise NotSupported(f"{call.method} {call.path}")


def _run(call: Call, workspace: str, name: str) -> Run:
    id = ResourceId.parse(workspace)
    run = Run(call.context, id, name) if id else None
    if run is None or not run.exists:
        raise NotFound(f"Run {name} was not found", inner=("NotFound",))
    return run


def _error(record: Body) -> Body | None:
    problem = record["error"]
    if problem is None:
        return None
    inner = {
        "code": problem["code"],
        "severity": None,
        "message": problem["message"],
        "messageParameters": {},
    }
    blank: Body = {"messageFormat": None, "referenceCode": None, "detailsUri": None, "target": None, "details": []}
    return {
        "error": {**inner, **blank, "innerError": None, "debugInfo": None, "additionalInfo": None},
        "correlation": None,
        "environment": None,
        "location": None,
        "time": "0001-01-01T00:00:00+00:00",
        "componentName": "CommonRuntime",
    }


def as_history(run: Run) -> Body:
    """A run as run history answers it."""
    record = run.record()
    is_step = record["kind"] == "Step"
    return {
        "runId": run.id,
        "rootRunId": record["root"],
        "parentRunId": record["parent"],
        "runUuid": record["uuid"],
        "experimentId": run.context.part(TrackingServers).experiment_id(run.workspace, record["experiment"]),
        "status": record["status"],
        "createdUtc": record["created"],
        "lastModifiedUtc": record["modified"],
        "startTimeUtc": record["started"],
        "endTimeUtc": record["ended"],
        "displayName": record["display_name"],
        "name": record["properties"].get("azureml.moduleName", record["display_name"]),
        "dataContainerId": f"dcid.{record['artifacts']}",
        "hidden": record.get("hidden", False),
        "runType": "azureml.StepRun" if is_step else "azureml.PipelineRun",
        "properties": record["properties"],
        "tags": record["tags"],
        "error": _error(record),
        "warnings": None,
        "target": "local",
        "services": {},
    }


def _details(run: Run) -> Body:
    """Status, logs and error: what `jobs.stream` polls."""
    record, context = run.record(), run.context
    account, _, path = run.artifacts.partition("/azureml/")
    folder = context.home.blobs / run.artifacts
    sas = context.signer.sas(f"{account}/azureml")
    logs = {
        name: f"{context.base}/{account}.blob.{SUFFIX}/azureml/{path}/{name}?{sas}"
        for name, _ in files_below(folder, context.home.blobs / account / "azureml")
        if name.startswith(("user_logs/", "azureml-logs/", "logs/azureml/"))
    }
    status = record["status"]
    if status == "Canceled" and not context.parity.holds("stream-on-cancel"):
        status = "Failed"
    return {**as_history(run), "status": status, "logFiles": logs}


def _patch(call: Call, run: Run) -> Response:
    """Names, tags, archiving of an existing job: the SDK changes them here, not on the job."""
    body, record = call.body, run.record()
    changes: dict[str, Any] = {}
    if body.get("displayName"):
        changes["display_name"] = body["displayName"]
    for field in ("tags", "properties"):
        if body.get(field):
            changes[field] = {**record[field], **body[field]}
    if "hidden" in body:
        changes["hidden"] = bool(body["hidden"])
        job = call.context.store.get(run.workspace.child("jobs", run.id))
        if job:
            values = {**properties(job), "isArchived": bool(body["hidden"])}
            call.context.store.put(job.id, {**job.body, "properties": values})
    run.note(**changes)
    return answer(as_history(run))


def _rundata(call: Call, workspace: str) -> Response:
    """The outputs of a run, by name. Models are reported as folders: the SDK's own client fails on them."""
    run = _run(call, workspace, str(call.body.get("runId")))
    outputs = {
        name: {"assetId": item["uri"], "type": "uri_folder" if item["type"] in MODEL_TYPES else item["type"]}
        for name, item in run.record()["outputs"].items()
    }
    return answer({"runMetadata": {**as_history(run), "outputs": outputs}})


def _resolve(call: Call, workspace: str) -> Response:
    """The asset ids that `_rundata` gave are URIs already."""
    id = ResourceId.parse(workspace)
    values = {}
    for uri in call.body.get("values", []):
        if id is None:
            continue
        is_folder = locate(call.context, id, uri).on_disk(call.context).is_dir() or uri.endswith("/")
        values[uri] = {
            "uri": uri,
            "type": "uri_folder" if is_folder else "uri_file",
        }
    return answer({"values": values})
