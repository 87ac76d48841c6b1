"""Command jobs, and command nodes of pipelines: one step each."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..access.needs import ML
from ..arm.context import Context
from ..arm.errors import BadRequest, missing_field
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body
from ..assets import environments
from ..assets.registering import register_outputs
from ..runs.run import Run
from ..steps import distribution, reuse
from ..steps.durations import seconds
from ..steps.execution import Execution
from ..steps.step import End, Step
from . import graph
from .checks import check_compute
from .kind import NodeRun

SUBMISSION = (
    f"{ML}/environments/build/action",
    f"{ML}/environments/readSecrets/action",
    f"{ML}/metadata/artifacts/write",
)
"""What any job needs besides `jobs/write`. Source: learn.microsoft.com, how-to-assign-roles, 2026-01."""


class Command:
    """A command in an environment."""

    name, node, first, record = "Command", "command", "Starting", "Step"
    rights: tuple[str, ...] = SUBMISSION

    def check(self, call: Call, id: ResourceId, values: Body) -> None:
        context = call.context
        if not values.get("command"):
            raise missing_field("command")
        check_compute(context, id.workspace, values.get("computeId"))
        if not values.get("environmentId"):
            raise missing_field("environmentId")
        environments.check(context, id.workspace, str(values["environmentId"]))
        distribution.read(values.get("distribution"), values.get("resources"))
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

    def properties(self, values: Body) -> dict[str, str]:
        compute = str(values.get("computeId") or "").rpartition("/")[2]
        return {"_azureml.ComputeTargetType": "amlctrain", "_azureml.ClusterName": compute}

    def tags(self, values: Body) -> dict[str, str]:
        return {}

    def run(self, context: Context, run: Run, job: Body, cancelled: threading.Event) -> End:
        outputs = graph.top_level_outputs(job, run.workspace, run.id)
        run.note(outputs=graph.as_record(outputs))
        step = Step(
            command=str(job.get("command") or ""),
            environment=str(job.get("environmentId") or ""),
            code=str(job["codeId"]) if job.get("codeId") else None,
            inputs=graph.top_level_inputs(job),
            outputs=outputs,
            variables={k: str(v) for k, v in (job.get("environmentVariables") or {}).items()},
            timeout=seconds((job.get("limits") or {}).get("timeout")),
            distribution=distribution.read(job.get("distribution"), job.get("resources")),
        )
        declared = {name: item or {} for name, item in (job.get("outputs") or {}).items()}
        return Execution(context, run, step, cancelled, lambda: register_outputs(run, declared))()

    def run_node(self, asked: NodeRun) -> End:
        step = graph.step_of(asked.node, asked.inputs, asked.outputs)
        execution = Execution(asked.context, asked.run, step, asked.cancelled, asked.completed)
        return unless_reused(asked, reuse.key(asked.context, asked.run.workspace, step, asked.declared), execution)


def unless_reused(asked: NodeRun, key: str, work: Callable[[], End]) -> End:
    """Run a node, unless one with this key ran before (rule reuse)."""
    context, run, node = asked.context, asked.run, asked.node
    reusable = node.deterministic and not asked.forced
    if reusable and run.status == "NotStarted" and (source := reuse.find(context, run.workspace, key)):
        run.note(outputs=source.record()["outputs"])
        asked.completed()
        reuse.take_over(run, source, node.name)
        return End("Completed")
    end = work()
    if end.status == "Completed" and reusable:
        reuse.remember(context, key, run)
    return end
