"""Submit the training pipeline and follow it to its end."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import overrides, provenance, serving
from .config import Config, Target
from .data import Published
from .errors import BadInput, GateRefused, RunFailed
from .gate.policy import policy_of
from .workspace import endpoints, environments, logs, runs
from .workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


REFUSALS = ("is refused", "is undecided", "needs approval")
"""What the gate's line says of a candidate that it does not let pass."""


@dataclass(frozen=True)
class Request:
    """What to train on and how: a data asset, the settings of training, what `now` is for the data's age.

    `sweep` names the families whose parameters are searched, `name` the run (default: one that is made up).
    """

    data: Published
    settings: Mapping[str, Any]
    as_of: str | None = None
    register: bool = True
    force: bool = False
    allow_dirty: bool = False
    sweep: Collection[str] = ()
    name: str | None = None

    def words(self, config: Config) -> list[str]:
        """The options with which `mlops train` asks for the same training again."""
        words = ["--data", self.data.version]
        if self.as_of:
            words += ["--as-of", self.as_of]
        words += [word for family in self.sweep for word in ("--sweep", family)]
        changed = overrides.assignments(config.training.settings, self.settings)
        return [*words, *(word for each in changed for word in ("--set", each))]


@dataclass(frozen=True)
class Trained:
    """A run that completed, and its documents."""

    job: str
    evaluation: dict[str, Any]
    verdict: dict[str, Any]
    registration: dict[str, Any] | None
    steps: list[runs.Step]


@contextlib.contextmanager
def _documents(**documents: Mapping[str, Any]) -> Iterator[dict[str, Path]]:
    """Each as a file `NAME.json`; the same values are the same bytes, so that steps are reused."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.json" for name in documents}
        for name, file in files.items():
            # a date or a time of TOML is a text in JSON
            file.write_text(json.dumps(documents[name], indent=1, sort_keys=True, default=str))
        yield files


def champion_of(client: MLClient, target: Target) -> endpoints.Serving | None:
    """The version that takes the traffic of the target's endpoint; candidates are compared with it."""
    return endpoints.serving(client, target.endpoint)


def submit(client: MLClient, config: Config, target: Target, request: Request) -> str:
    """Submit the pipeline and return the run's name. What takes the traffic now is one of its inputs.

    Raises BadInput where a version would be registered of code that no commit holds, unless that is allowed.
    """
    from pipelines.components import NameTakenError, Resources
    from pipelines.search import Search
    from pipelines.training import STEP_ENVIRONMENTS, Champion, training

    settings, code = config.training, provenance.code_of(config.root)
    if request.register and not (request.allow_dirty or target.allow_dirty):
        provenance.refuse_dirty(code, target.workspace)
    freshness: dict[str, Any] = {}
    if config.data.max_age_days:
        limits = {"max_age_days": config.data.max_age_days, "as_of": request.as_of}
        freshness = {key: value for key, value in limits.items() if value is not None}
    own = {name: folder for name, folder in settings.environments.items() if name in settings.families}
    needed = environments.ensure(client, config, {*STEP_ENVIRONMENTS.values(), *own.values()})
    # What an endpoint will run in is there from now on under the name that the release says.
    environments.ensure(client, config, {serving.FOLDER})
    champion = champion_of(client, target)
    _ensure_compute(client, target.compute, target.instance_type)
    resources = {name: each for name, each in settings.resources.items() if name in settings.families}
    for each in resources.values():
        if each.compute:
            _ensure_compute(client, each.compute, each.instance_type)
    origin = provenance.gather(
        client,
        config,
        code=code,
        data=f"{request.data.name}:{request.data.version}",
        environments=needed,
        step_environments={**STEP_ENVIRONMENTS, **{f"train_{name}": folder for name, folder in own.items()}},
        asked={"words": request.words(config), "settings": dict(request.settings), "freshness": freshness},
    )
    documents = {"policy": policy_of(config), "settings": request.settings, "provenance": origin}
    with _documents(**documents) as files, serving.pinned(config) as served, sdk():
        try:
            job = training(
                asset=request.data.reference,
                policy=files["policy"],
                settings=files["settings"],
                provenance=files["provenance"],
                serving=served,
                environments=needed,
                compute=target.compute,
                families={name: settings.parameters.get(name, {}) for name in settings.families},
                seed=settings.seed,
                freshness=freshness,
                timeout_seconds=settings.step_timeout_seconds,
                family_environments=own,
                champion=Champion(champion.label, champion.reference) if champion else None,
                searches={family: Search(**searched(config, family)) for family in request.sweep},
                resources={
                    name: Resources(**each.model_dump(exclude={"instance_type"}, exclude_none=True))
                    for name, each in resources.items()
                },
                model_name=config.project.model if request.register else "",
            )
        except NameTakenError as error:
            raise BadInput(f"{config.file.name}, [training.parameters]: {error}") from error
        job.settings.force_rerun = request.force
        job.name = request.name
        submitted = client.jobs.create_or_update(job, experiment_name=settings.experiment)
    return str(submitted.name)


def searched(config: Config, family: str) -> dict[str, Any]:
    """[training.sweep.FAMILY] as the pipeline takes it. Raises BadInput for a family that cannot be swept."""
    settings = config.training
    ready = [name for name in settings.families if name in settings.sweep]
    if family not in ready:
        has = f"there is one for {', '.join(ready)}" if ready else "there is none yet"
        raise BadInput(
            f"the family {family} cannot be swept: it takes its name in families and a table "
            f"[training.sweep.{family}] in {config.file.name}",
            has,
        )
    return {**settings.sweep[family].model_dump(exclude_none=True), "seed": settings.seed}


def _ensure_compute(client: MLClient, name: str, size: str | None) -> None:
    """Infrastructure makes the clusters; where it has not (a fresh local workspace) one is made here of this size.

    Raises BadInput where there is neither the cluster nor a size.
    """
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        from azure.ai.ml.entities import AmlCompute

        try:
            client.compute.get(name)
        except ResourceNotFoundError as error:
            if not size:
                raise BadInput(
                    f"there is no cluster {name}", "or its size: instance_type in [training.resources.FAMILY]"
                ) from error
            cluster = AmlCompute(name=name, size=size, min_instances=0, max_instances=4)
            client.compute.begin_create_or_update(cluster).result()


def follow(client: MLClient, job: str, report: runs.Report) -> Trained:
    """Wait for a run. Raises GateRefused with the gate's reasons, RunFailed with those of any other step."""
    status = runs.wait(client, job, report)
    steps = runs.steps_of(client, job)
    if status != "Completed":
        refused = any(step.name == "gate" and step.status == "Failed" for step in steps)
        reason = logs.failure(client, job)
        kind = GateRefused if refused and any(verdict in reason for verdict in REFUSALS) else RunFailed
        raise kind(f"the run {job} is {status}: {reason}", f"its logs: mlops logs {job}")
    registered = any(step.name == "register" for step in steps)
    return Trained(
        job=job,
        evaluation=runs.read_output(client, job, "evaluation", "evaluation.json"),
        verdict=runs.read_output(client, job, "verdict", "gate.json"),
        registration=runs.read_output(client, job, "registration", "registration.json") if registered else None,
        steps=steps,
    )


def register(
    client: MLClient, config: Config, target: Target, job: str, verdict: Mapping[str, Any], report: runs.Report
) -> dict[str, Any]:
    """Register the model of a run that did not do it itself, by the same step: the document of the registration.

    `verdict` is the gate's on it, with a person's approval where it needs one. Raises RunFailed.
    """
    from pipelines.training import STEP_ENVIRONMENTS, registration

    wrote = {step.name: step.source for step in runs.steps_of(client, job)}["evaluate"]
    places = {name: f"azureml://jobs/{wrote}/outputs/{name}/paths/" for name in ("model", "evaluation")}
    needed = environments.ensure(client, config, {STEP_ENVIRONMENTS["register"]})
    given = runs.job_of(client, job).inputs
    with contextlib.ExitStack() as opened:
        files = opened.enter_context(_documents(gate=verdict))
        if "serving" in given:
            served = given["serving"].path
        else:
            report(f"{job} pinned no scoring code: that of this checkout is pinned now")
            environments.ensure(client, config, {serving.FOLDER})
            served = str(opened.enter_context(serving.pinned(config)))
        opened.enter_context(sdk())
        pipeline = registration(
            run=job,
            inputs={
                **places,
                "verdict": str(files["gate"].parent),
                "provenance": given["provenance"].path,
                "serving": served,
            },
            environments=needed,
            compute=target.compute,
            model_name=config.project.model,
        )
        submitted = client.jobs.create_or_update(pipeline, experiment_name=config.training.experiment)
    name = str(submitted.name)
    if runs.wait(client, name, report) != "Completed":
        raise RunFailed(f"the run {name} did not register: {logs.failure(client, name)}", f"mlops logs {name}")
    document: dict[str, Any] = runs.read_output(client, name, "registration", "registration.json")
    return document
