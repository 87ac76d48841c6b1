"""Sweep jobs, and sweep nodes of pipelines."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import replace

from ...arm.context import Context
from ...arm.errors import BadRequest, missing_field
from ...arm.ids import ResourceId
from ...arm.requests import Call
from ...arm.store import Body
from ...assets import environments
from ...assets.registering import register_outputs
from ...runs.outputs import declared_uri
from ...runs.run import Run
from ...steps import distribution, reuse
from ...steps.bindings import Value
from ...steps.step import End, Step
from .. import graph
from ..checks import check_compute
from ..command import SUBMISSION, unless_reused
from ..kind import NodeRun
from . import space
from .results import hand_on
from .space import Values
from .study import Study
from .trials import Trials

PARAMETER = re.compile(r"\$\{\{\s*search_space\.(\w+)\s*\}\}")


class Sweep:
    """A command over a search space."""

    name, node, first, record = "Sweep", "sweep", "Running", "Sweep"
    rights: tuple[str, ...] = SUBMISSION

    def check(self, call: Call, id: ResourceId, values: Body) -> None:
        trial = values.get("trial")
        if not isinstance(trial, dict) or not trial.get("command"):
            raise missing_field("trial.command")
        if not trial.get("environmentId"):
            raise missing_field("trial.environmentId")
        for field in ("searchSpace", "objective", "samplingAlgorithm"):
            if not values.get(field):
                raise missing_field(field)
        try:
            Study.read(values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadRequest(
                "Request is invalid and/or missing fields.",
                inner=("RequestInvalid",),
                details=(("RequestInvalid", str(error)),),
            ) from error
        check_compute(call.context, id.workspace, values.get("computeId"))
        environments.check(call.context, id.workspace, str(trial["environmentId"]))

    def properties(self, values: Body) -> dict[str, str]:
        """Source: recorded traffic, sweep_job, 2026-03; the size of a space from run history, 2024."""
        study, compute = Study.read(values), str(values.get("computeId") or "").rpartition("/")[2]
        size = {} if study.size is None else {"space_size": str(study.size)}
        return {
            "primary_metric_config": study.objective,
            "resume_from": "null",
            "runTemplate": "HyperDrive",
            "azureml.runsource": "hyperdrive",
            "platform": "AML",
            "_azureml.ClusterName": compute,
            **size,
        }

    def tags(self, values: Body) -> dict[str, str]:
        return Study.read(values).tags()

    def run(self, context: Context, run: Run, job: Body, cancelled: threading.Event) -> End:
        trial, inputs = job["trial"], graph.top_level_inputs(job)
        places = graph.top_level_outputs(job, run.workspace, run.id)
        declared = {name: item or {} for name, item in (job.get("outputs") or {}).items()}
        template = Step(
            command=str(trial["command"]),
            environment=str(trial["environmentId"]),
            code=str(trial["codeId"]) if trial.get("codeId") else None,
            inputs=inputs,
            outputs=places,
            variables={name: str(value) for name, value in (trial.get("environmentVariables") or {}).items()},
            distribution=distribution.read(trial.get("distribution"), trial.get("resources")),
        )
        asked = {name: bool(item.get("uri")) for name, item in declared.items()}

        def completed(best: Run | None) -> None:
            if best:
                hand_on(run, best, places, asked)
                register_outputs(run, declared)

        return _trials(context, run, Study.read(job), template, cancelled)(completed)

    def run_node(self, asked: NodeRun) -> End:
        """Run a node, unless it ran before as it is now: as the older SDK says of its HyperDriveStep."""
        context, run, node = asked.context, asked.run, asked.node
        study = Study.read(node.body)
        run.note(properties={**self.properties(node.body), **run.record()["properties"]})
        template = graph.step_of(node, asked.inputs, asked.outputs)
        explicit = {name: bool(place.text) for name, place in asked.declared.items()}

        def completed(best: Run | None) -> None:
            if best:
                hand_on(run, best, asked.outputs, explicit)
                asked.completed()
            elif asked.outputs:
                raise BadRequest(f"There is no best trial: no trial that completed has logged {study.metric}.")

        key = reuse.key(context, run.workspace, template, asked.declared, study.content())
        trials = _trials(context, run, study, template, asked.cancelled)
        return unless_reused(asked, key, lambda: trials(completed))


def _trials(context: Context, run: Run, study: Study, template: Step, cancelled: threading.Event) -> Trials:
    return Trials(context, run, study, lambda trial, values: step_of(template, study, trial, values), cancelled)


def step_of(template: Step, study: Study, trial: Run, values: Values) -> Step:
    """The step of one trial: its hyperparameters are inputs, and its outputs lie in places of its own."""
    texts = {name: space.text(value) for name, value in values.items()}
    return replace(
        template,
        command=_named_as_inputs(template.command, texts),
        inputs={**template.inputs, **{name: Value("literal", text) for name, text in texts.items()}},
        outputs={
            name: replace(place, text=declared_uri(trial.workspace, trial.id, name, None, place.type))
            for name, place in template.outputs.items()
        },
        variables={**template.variables, **{f"AZUREML_SWEEP_{name}": text for name, text in texts.items()}},
        timeout=study.limits.trial_timeout,
    )


def _named_as_inputs(command: str, texts: Mapping[str, str]) -> str:
    """The command with its `${{search_space.x}}` as `${{inputs.x}}`, which a component's command says for both."""
    return PARAMETER.sub(lambda found: f"${{{{inputs.{found[1]}}}}}" if found[1] in texts else found[0], command)
