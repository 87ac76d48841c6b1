"""Drives a pipeline: each node as soon as what it reads is there, independent ones side by side."""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..arm.context import Context
from ..arm.errors import ServiceError
from ..arm.store import Body
from ..assets.registering import register_outputs
from ..runs.run import Run
from ..steps.bindings import TO_PIPELINE, UnknownReference, Value
from ..steps.step import End
from . import graph
from .kind import NodeRun
from .runner import Runner, conclude

PIPELINE_LOG = "logs/azureml/executionlogs.txt"


@dataclass
class Drive:
    """One level of a pipeline. A node that is itself a pipeline is another one of these."""

    context: Context
    run: Run
    jobs: Mapping[str, Body]
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Body]
    settings: Mapping[str, Any]
    cancelled: threading.Event
    _ended: queue.Queue[tuple[str, End]] = field(default_factory=queue.Queue)

    def __call__(self, completed: Callable[[], None] = lambda: None) -> End:
        """Run to the end, and write the end into the run's record; `completed` as for a step (execution)."""
        try:
            end = self._drive()
            if end.status == "Completed":
                completed()
        except (ServiceError, UnknownReference) as error:
            end = End("Failed", str(error))
        self.run.advance(end.status, error=end.problem)
        return end

    def _drive(self) -> End:
        nodes = graph.nodes(self.context, self.run.workspace, self.jobs)
        scope = graph.Scope(self.inputs, self.outputs)
        self.run.advance("Running")
        waiting = dict(nodes)
        running: dict[str, Run] = {}
        ends: dict[str, End] = {}
        while True:
            stop = self.cancelled.is_set() or (self._stops_at_failure and _failed(ends))
            ready = [] if stop else [n for n in waiting.values() if n.waits_for <= scope.produced.keys()]
            for node in ready:
                del waiting[node.name]
                running[node.name] = self._start(node, scope)
            if not running:
                break
            name, end = self._next_end(running)
            child = running.pop(name)
            ends[name] = end
            self._log(f"{name} {end.status.lower()}: run id {child.id}")
            if end.status == "Completed":
                outputs = child.record()["outputs"]
                scope.produced[name] = {n: Value(o["type"], o["uri"]) for n, o in outputs.items()}
                self._publish(nodes[name], child)
        return self._end(ends, waiting)

    @property
    def _stops_at_failure(self) -> bool:
        return str(self.settings.get("continue_on_step_failure", True)).lower() == "false"

    def _next_end(self, running: Mapping[str, Run]) -> tuple[str, End]:
        """Wait for a node to end; pass a cancellation on to those that run."""
        while True:
            try:
                name, end = self._ended.get(timeout=0.1)
            except queue.Empty:
                name = ""
            if self.cancelled.is_set():
                for child in running.values():
                    self.context.part(Runner).cancel(child)
            if name:
                if end.status == "Failed" and self._stops_at_failure:
                    self.cancelled.set()
                return name, end

    def _end(self, ends: Mapping[str, End], waiting: Mapping[str, graph.Node]) -> End:
        failed = _failed(ends)
        if self.cancelled.is_set() and not failed:
            return End("Canceled")
        if failed:
            names = ", ".join(f"/{name}" for name in failed)
            reasons = " ".join(f"{name}: {ends[name].message}" for name in failed)
            return End(
                "Failed",
                f"Pipeline has failed child jobs. Failed nodes: {names}. For more details and logs, please go "
                f"to the job detail page and check the child jobs. {reasons}",
            )
        if waiting:
            return End("Failed", f"The nodes {', '.join(waiting)} wait for each other.")
        return End("Completed")

    def _log(self, line: str) -> None:
        """A line of what `jobs.stream` shows of a pipeline."""
        path = self.context.home.blobs / self.run.artifacts / PIPELINE_LOG
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(f"[{self.context.clock.now()[:19].replace('T', ' ')}Z] {line}\n")

    def _start(self, node: graph.Node, scope: graph.Scope) -> Run:
        """Begin a node in a thread. After a restart it goes on as the run that it was."""
        known = self.run.record().get("nodes") or {}
        child = Run(self.context, self.run.workspace, known.get(node.name) or str(uuid.uuid4()))
        if not child.exists:
            child.create(
                self.context.part(Runner).kinds.of_node(node).record,
                parent=self.run,
                display_name=node.title,
                experiment=self.run.record()["experiment"],
                properties={
                    "azureml.nodeid": node.name,
                    "azureml.pipelinerunid": self.run.id,
                    "azureml.rootpipelinerunid": self.run.record()["root"],
                    "azureml.runsource": "azureml.StepRun",
                    "azureml.moduleName": str(node.spec.get("name") or node.name),
                    "_azureml.ClusterName": self._cluster(node),
                },
            )
            self.run.note(nodes={**known, node.name: child.id})
        self._log(f"Submitting {node.name}: run id {child.id}")
        cancelled = self.context.part(Runner).event(child)
        arguments = (
            child,
            lambda: self._node_end(node, child, scope, cancelled),
            lambda end: self._ended.put((node.name, end)),
        )
        threading.Thread(target=conclude, args=arguments, name=f"node {node.name}", daemon=True).start()
        return child

    def _cluster(self, node: graph.Node) -> str:
        """The cluster of a node: its own, or the pipeline's."""
        named = node.body.get("computeId") or self.settings.get("default_compute") or ""
        return str(named).rpartition("/")[2].removeprefix("azureml:")

    def _node_end(self, node: graph.Node, child: Run, scope: graph.Scope, cancelled: threading.Event) -> End:
        record = child.record()
        if child.ended:
            return End(record["status"], (record["error"] or {}).get("message", ""))
        inputs = graph.resolve_inputs(node, scope)
        places, declared = graph.resolve_outputs(node, scope, self.run.workspace, child.id, self.run.id)
        child.note(outputs=graph.as_record(places))
        named = {n: v for n, v in (node.body.get("outputs") or {}).items() if isinstance(v, dict)}
        asked = NodeRun(
            context=self.context,
            node=node,
            run=child,
            inputs=inputs,
            outputs=places,
            declared=declared,
            settings=self.settings,
            cancelled=cancelled,
            completed=lambda: register_outputs(child, named),
        )
        return self.context.part(Runner).kinds.of_node(node).run_node(asked)

    def _publish(self, node: graph.Node, child: Run) -> None:
        """Give the pipeline the outputs of a node that are bound to its own, and register those that are named."""
        outputs, bound = child.record()["outputs"], {}
        given = node.body.get("outputs") or {}
        for name, item in given.items():
            text = item.get("value") if isinstance(item, dict) else item
            if (found := TO_PIPELINE.match(str(text or ""))) and name in outputs:
                bound[found["name"]] = outputs[name]
        if bound:
            self.run.note(outputs={**self.run.record()["outputs"], **bound})
            register_outputs(self.run, {n: self.outputs.get(n) or {} for n in bound})


def _failed(ends: Mapping[str, End]) -> list[str]:
    """The nodes that ended badly; one that ran out of time is cancelled with a reason."""
    return [n for n, e in ends.items() if e.status == "Failed" or (e.status == "Canceled" and e.message)]
