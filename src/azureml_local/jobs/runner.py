"""The jobs that run now: one thread each, a limited number of steps at once, cancellation, resumption."""

from __future__ import annotations

import os
import threading

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.ids import ResourceId
from ..assets.registering import register_outputs
from ..runs.run import TERMINAL, Run, unfinished
from ..steps.durations import seconds
from ..steps.execution import End, Execution, Step
from . import graph
from .pipeline import Pipeline


class Runner:
    """Starts jobs and knows how to cancel them. `slots` limits the steps that run at the same time."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.slots = threading.Semaphore(max(2, os.cpu_count() or 2))
        self._events: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def event(self, run: Run) -> threading.Event:
        """What is set when this run is to be cancelled."""
        with self._lock:
            return self._events.setdefault(run.key, threading.Event())

    def start(self, run: Run) -> None:
        """Run a stored job in a thread of its own."""
        threading.Thread(target=self._run, args=(run,), name=f"job {run.id}", daemon=True).start()

    def resume(self) -> None:
        """Go on with the jobs that a server before this one left."""
        for run in unfinished(self.context):
            self.start(run)

    def cancel(self, run: Run) -> None:
        """Ask a run to stop; it ends as Canceled once its processes are gone."""
        self.event(run).set()

    def _run(self, run: Run) -> None:
        resource = self.context.store.get(run.workspace.child("jobs", run.id))
        if resource is None:
            run.advance("Failed", error={"code": "UserError", "message": "The job was deleted."})
            return
        try:
            self._run_job(run, properties(resource))
        except Exception as error:
            # A defect of the emulator must not leave a job that never ends.
            run.advance("Failed", error={"code": "ServiceError", "message": f"InternalServerError: {error}"})
            raise
        finally:
            with self._lock:
                self._events.pop(run.key, None)

    def _run_job(self, run: Run, job: dict[str, object]) -> End:
        cancelled = self.event(run)
        inputs = graph.top_level_inputs(job)
        outputs = graph.top_level_outputs(job, run.workspace, run.id)
        if job["jobType"] == "Pipeline":
            declared = _mapping(job.get("outputs"))
            settings = _mapping(job.get("settings"))
            return Pipeline(self.context, run, _mapping(job.get("jobs")), inputs, declared, settings, cancelled)()
        run.note(outputs={name: {"uri": v.text, "type": v.type} for name, v in outputs.items()})
        limits = _mapping(job.get("limits"))
        step = Step(
            command=str(job.get("command") or ""),
            environment=str(job.get("environmentId") or ""),
            code=str(job["codeId"]) if job.get("codeId") else None,
            inputs=inputs,
            outputs=outputs,
            variables={k: str(v) for k, v in _mapping(job.get("environmentVariables")).items()},
            timeout=seconds(limits.get("timeout")),
        )
        end = Execution(self.context, run, step, cancelled)()
        if end.status == "Completed":
            register_outputs(run, _mapping(job.get("outputs")))
        return end


def _mapping(value: object) -> dict[str, dict[str, object]]:
    return value if isinstance(value, dict) else {}


def stop_everything(context: Context) -> None:
    """End the processes of every step, for a stop that leaves nothing behind."""
    from ..steps.execution import kill_group

    for _, record in context.store.documents("run"):
        workspace = ResourceId.parse(record["workspace"])
        if record["status"] in TERMINAL or workspace is None:
            continue
        run = Run(context, workspace, record["run_id"])
        context.runner.cancel(run)
        kill_group(context.home.runs / record["uuid"])
        run.advance("Canceled", error={"code": "UserError", "message": "azureml_local was stopped."})
