"""Pipeline jobs, and nodes of pipelines that are pipelines themselves."""

from __future__ import annotations

import json
import threading

from ..access.needs import ML
from ..arm.context import Context
from ..arm.errors import missing_field
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body
from ..runs.run import Run
from ..steps.step import End
from ..storage.datastores import DEFAULT
from . import graph
from .checks import check_compute
from .command import SUBMISSION
from .drive import Drive
from .kind import NodeRun
from .runner import Runner


class Pipeline:
    """A graph of nodes."""

    name, node, first, record = "Pipeline", "pipeline", "Preparing", "Pipeline"
    rights: tuple[str, ...] = (*SUBMISSION, f"{ML}/endpoints/pipelines/write", f"{ML}/pipelinedrafts/write")

    def check(self, call: Call, id: ResourceId, values: Body) -> None:
        if not values.get("jobs"):
            raise missing_field("jobs")
        settings, kinds = values.get("settings") or {}, call.context.part(Runner).kinds
        check_compute(call.context, id.workspace, settings.get("default_compute"))
        for node in graph.nodes(call.context, id.workspace, values["jobs"]).values():
            kinds.of_node(node)
            check_compute(call.context, id.workspace, node.body.get("computeId"))

    def properties(self, values: Body) -> dict[str, str]:
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

    def tags(self, values: Body) -> dict[str, str]:
        return {}

    def run(self, context: Context, run: Run, job: Body, cancelled: threading.Event) -> End:
        inputs, outputs = graph.top_level_inputs(job), job.get("outputs") or {}
        return Drive(context, run, job["jobs"], inputs, outputs, job.get("settings") or {}, cancelled)()

    def run_node(self, asked: NodeRun) -> End:
        outputs = {name: {"uri": place.text, "jobOutputType": place.type} for name, place in asked.outputs.items()}
        jobs = asked.node.spec.get("jobs") or {}
        level = Drive(asked.context, asked.run, jobs, asked.inputs, outputs, asked.settings, asked.cancelled)
        return level(asked.completed)
