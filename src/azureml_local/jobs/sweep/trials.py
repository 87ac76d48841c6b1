"""Drives a sweep: trials side by side, stopped early where a policy says so, and the best of them.

All that it knows stands in the records of its trials and in what they logged, so that a server that is started
anew goes on with it.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ...arm.context import Context
from ...arm.errors import ServiceError
from ...runs.run import Run
from ...steps.execution import Execution
from ...steps.step import End, Step
from .. import graph
from ..runner import Runner, conclude
from .results import Results
from .sampling import Sampler
from .space import Values
from .study import Study

LOG = "azureml-logs/hyperdrive.txt"
PATIENCE = 0.1
"""Seconds between two looks at what trials have logged."""
CLUSTER = ("_azureml.ComputeTargetType", "_azureml.ClusterName")


@dataclass
class Trials:
    """One sweep. `step` makes the step of a trial of its run and its point of the space."""

    context: Context
    run: Run
    study: Study
    step: Callable[[Run, Values], Step]
    cancelled: threading.Event
    _ended: queue.Queue[Run] = field(default_factory=queue.Queue)
    _running: dict[str, Run] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    results: Results = field(init=False)
    _sampler: Sampler = field(init=False)

    def __post_init__(self) -> None:
        self.results = Results(self.run, self.study)
        self._sampler = self.study.sampler(str(self.run.record()["uuid"]))

    def __call__(self, completed: Callable[[Run | None], None]) -> End:
        """Run to the end, and write the end into the run's record.

        `completed` is called with the best trial, None where there is none, before the end of a sweep that
        completed; a ServiceError of it is the end.
        """
        self.run.advance("Running")
        if not self.run.children():
            self._log("API", "Experiment created")
        for trial in self.run.children():
            if not trial.ended:
                self._begin(trial)
        while True:
            over = self.cancelled.is_set() or self._is_overdue()
            if not over:
                self._fill()
            if not self._running:
                break
            self._watch(over)
        end = self._end()
        try:
            if end.status == "Completed":
                completed(self.results.best())
        except ServiceError as error:
            end = End("Failed", error.message, error.code)
        self._log("CONTROLLER", f"Changing Run Status from Running to {end.status}")
        self.run.advance(end.status, error=end.problem)
        return end

    def _is_overdue(self) -> bool:
        started = datetime.fromisoformat(self.run.record()["started"])
        now = datetime.fromisoformat(self.context.clock.now())
        return (now - started).total_seconds() > self.study.limits.timeout

    def _fill(self) -> None:
        """Start as many trials as may run side by side."""
        limits = self.study.limits
        while len(self._running) < limits.concurrent:
            trials = self.run.children()
            tried = [trial.record()["values"] for trial in trials]
            if len(trials) >= limits.total:
                return
            values = self._sampler.sample(len(trials), tried, self.results.seen())
            if values is None:
                return
            trial = Run(self.context, self.run.workspace, f"{self.run.id}_{len(trials)}")
            self._log("SCHEDULER", f"Scheduling job, id='{trial.id}'")
            record = self.run.record()
            trial.create(
                "Trial",
                parent=self.run,
                display_name=trial.id,
                experiment=record["experiment"],
                properties={name: record["properties"][name] for name in CLUSTER if name in record["properties"]},
                tags={"hyperparameters": json.dumps(values)},
                values=values,
            )
            self._begin(trial)
            if len(trials) + 1 == limits.total:
                self._log("GENERATOR", f"Max number of jobs '{limits.total}' reached for experiment.")

    def _begin(self, trial: Run) -> None:
        """Run a trial in a thread. After a restart it goes on as the run that it was."""
        self._running[trial.id] = trial
        cancelled = self.context.part(Runner).event(trial)
        if trial.record().get("stopped"):
            cancelled.set()

        def work() -> End:
            step = self.step(trial, trial.record()["values"])
            job = {**graph.as_job(step), "experimentName": trial.record()["experiment"]}
            trial.note(outputs=graph.as_record(step.outputs), job=job)
            return Execution(self.context, trial, step, cancelled)()

        arguments = (trial, work, lambda end: self._ended.put(trial))
        threading.Thread(target=conclude, args=arguments, name=f"trial {trial.id}", daemon=True).start()

    def _watch(self, over: bool) -> None:
        """Wait a little for a trial to end; stop those that are to be stopped."""
        if over:
            for trial in self._running.values():
                self.context.part(Runner).cancel(trial)
        elif self.study.policy:
            self._stop_early()
        try:
            ended = self._ended.get(timeout=PATIENCE)
        except queue.Empty:
            return
        del self._running[ended.id]
        self.results.note_best()

    def _stop_early(self) -> None:
        history = {trial.id: self.results.logged(trial) for trial in self.run.children()}
        for name, trial in self._running.items():
            before, now = self._seen.get(name, 0), len(history[name])
            self._seen[name] = now
            stopped = trial.record().get("stopped") or now == before
            if stopped or not self.study.policy or not self.study.policy.stops(name, history, before):
                continue
            self._log("ENFORCER", f"Canceling job, id='{name}', by the policy {self.study.policy.name}")
            trial.note(stopped=True)
            self.context.part(Runner).cancel(trial)

    def _end(self) -> End:
        if self.cancelled.is_set():
            return End("Canceled")
        if self._is_overdue() and len(self.run.children()) and not self._is_exhausted():
            limit = f"{self.study.limits.timeout:g}"
            return End("Canceled", f"The sweep exceeded its limit of {limit} s and was cancelled.")
        self._log("GENERATOR", "All jobs generated.")
        failed = [trial for trial in self.run.children() if trial.status == "Failed"]
        if failed and not self.results.completed():
            reason = (failed[0].record()["error"] or {}).get("message", "")
            return End("Failed", f"No trial completed. {failed[0].id}: {reason}")
        return End("Completed")

    def _is_exhausted(self) -> bool:
        """Whether every trial has run to an end of its own."""
        trials = self.run.children()
        size = self.study.size
        planned = self.study.limits.total if size is None else min(size, self.study.limits.total)
        return len(trials) >= planned and all(trial.status != "Canceled" for trial in trials)

    def _log(self, part: str, text: str) -> None:
        """A line of what `jobs.stream` shows of a sweep, in the form that the service's have."""
        path = self.context.home.blobs / self.run.artifacts / LOG
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(f"[{self.context.clock.now()[:26]}][{part}][INFO]{text}\n")
