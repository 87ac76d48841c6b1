"""Submit the training pipeline and follow it to its end."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Config, Target
from .data import Published
from .errors import BadInput, GateRefused, RunFailed
from .gate.policy import policy_of
from .workspace import endpoints, environments, logs, runs
from .workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass(frozen=True)
class Request:
    """What to train on and how: a data asset, the settings of training, what `now` is for the data's age."""

    data: Published
    settings: Mapping[str, Any]
    as_of: str | None = None
    register: bool = True
    force: bool = False


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
    """Submit the pipeline and return the run's name. What takes the traffic now is one of its inputs."""
    from pipelines.components import NameTakenError
    from pipelines.training import STEP_ENVIRONMENTS, Champion, training

    settings = config.training
    freshness = {}
    if config.data.max_age_days:
        freshness = {"max_age_days": config.data.max_age_days, "as_of": request.as_of}
    needed = environments.ensure(client, config, set(STEP_ENVIRONMENTS.values()))
    champion = champion_of(client, target)
    _ensure_compute(client, target)
    with _documents(policy=policy_of(config), settings=request.settings) as files, sdk():
        try:
            job = training(
                transactions=request.data.reference,
                policy=files["policy"],
                settings=files["settings"],
                environments=needed,
                compute=target.compute,
                families={name: settings.parameters.get(name, {}) for name in settings.families},
                seed=settings.seed,
                freshness={key: value for key, value in freshness.items() if value is not None},
                timeout_seconds=settings.step_timeout_seconds,
                champion=Champion(champion.label, champion.reference) if champion else None,
                model_name=config.project.model if request.register else "",
            )
        except NameTakenError as error:
            raise BadInput(f"{config.file.name}, [training.parameters]: {error}") from error
        job.settings.force_rerun = request.force
        submitted = client.jobs.create_or_update(job, experiment_name=settings.experiment)
    return str(submitted.name)


def _ensure_compute(client: MLClient, target: Target) -> None:
    """Infrastructure makes the cluster; where it has not been (a fresh local workspace) it is made here."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        from azure.ai.ml.entities import AmlCompute

        try:
            client.compute.get(target.compute)
        except ResourceNotFoundError:
            cluster = AmlCompute(name=target.compute, size=target.instance_type, min_instances=0, max_instances=4)
            client.compute.begin_create_or_update(cluster).result()


def follow(client: MLClient, job: str, report: runs.Report) -> Trained:
    """Wait for a run. Raises GateRefused with the gate's reasons, RunFailed with those of any other step."""
    status = runs.wait(client, job, report)
    steps = runs.steps_of(client, job)
    if status != "Completed":
        refused = any(step.name == "gate" and step.status == "Failed" for step in steps)
        reason = logs.failure(client, job)
        kind = GateRefused if refused and "is refused" in reason else RunFailed
        raise kind(f"the run {job} is {status}: {reason}", f"its logs: mlops logs {job}")
    registered = any(step.name == "register" for step in steps)
    return Trained(
        job=job,
        evaluation=runs.read_output(client, job, "evaluation", "evaluation.json"),
        verdict=runs.read_output(client, job, "verdict", "verdict.json"),
        registration=runs.read_output(client, job, "registration", "registration.json") if registered else None,
        steps=steps,
    )
