"""Bring a registered version behind the endpoint: observe, plan, do the plan, and read it back."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import serving
from ..config import Config
from ..errors import BadInput, ServiceFailed
from ..registry.bundle import RELEASE, tagged
from ..workspace import environments
from ..workspace.connect import sdk
from ..workspace.runs import Report
from . import steps
from .bundle import Bundle, read
from .plan import plan
from .scoring import invoke
from .state import Wanted, observe, wanted

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass(frozen=True)
class Deployed:
    """A version behind an endpoint."""

    endpoint: str
    deployment: str
    version: int
    scoring_uri: str


def deploy(client: MLClient, config: Config, target: str, model: Any, report: Report) -> Deployed:
    """Deploy a registered version, as its bundle says, and give it all the traffic."""
    endpoint = config.target(target).endpoint
    with _bundle_of(client, model) as bundle:
        if others := serving.differences(config, bundle.document):
            report(f"{bundle.model}:{bundle.version} is deployed as it was registered; here {others} differ")
            report("what is here takes a version of its own: mlops train")
        goal = wanted(endpoint, model, bundle)
        todo = plan(goal, observe(client, goal))
        if not todo:
            report(f"{goal.deployment.name} has all the traffic already")
        release = _Release(client, config, target, goal, bundle)
        for step in todo:
            report(str(step))
            release.do(step)
    now = observe(client, goal)
    if left := plan(goal, now):
        raise ServiceFailed(f"the endpoint {endpoint} is not as it should be: {left[0]}", "run it again")
    return Deployed(endpoint, goal.deployment.name, int(model.version), now.scoring_uri)


@contextlib.contextmanager
def _bundle_of(client: MLClient, model: Any) -> Iterator[Bundle]:
    with tempfile.TemporaryDirectory() as folder:
        yield read(client, str(model.name), int(model.version), Path(folder))


def planned(client: MLClient, config: Config, target: str, model: Any) -> dict[str, Any]:
    """What `deploy` would do now, a document of schema release-plan/1. Reads only."""
    with _bundle_of(client, model) as bundle:
        bundle.instances(target)
        goal = wanted(config.target(target).endpoint, model, bundle)
    return {
        "schema": "release-plan/1",
        "endpoint": goal.endpoint,
        "deployment": goal.deployment.name,
        "model": str(model.name),
        "version": int(model.version),
        "steps": [step.document() for step in plan(goal, observe(client, goal))],
    }


@dataclass(frozen=True)
class _Release:
    """Does the steps of a plan."""

    client: MLClient
    config: Config
    target: str
    goal: Wanted
    bundle: Bundle

    def do(self, step: steps.Step) -> None:
        """One step, to its end."""
        client, endpoint = self.client, self.goal.endpoint
        match step:
            case steps.RegisterEnvironment(name=name):
                if name != environments.named(self.config, serving.FOLDER):
                    raise BadInput(f"the environment {name} that the version was registered with is gone")
                environments.ensure(client, self.config, {serving.FOLDER})
            case steps.DeleteEndpoint(name=name):
                with sdk():
                    client.online_endpoints.begin_delete(name).result()
            case steps.CreateEndpoint(name=name):
                self._create_endpoint(name)
            case steps.CreateDeployment():
                self._create(step)
            case steps.TryDeployment(name=name):
                self._try(name)
            case steps.ShiftTraffic(to=to):
                self._shift(to)
            case steps.DeleteDeployment(name=name):
                with sdk():
                    client.online_deployments.begin_delete(name, endpoint).result()

    def _create_endpoint(self, name: str) -> None:
        with sdk():
            from azure.ai.ml.entities import ManagedOnlineEndpoint

            endpoint = ManagedOnlineEndpoint(name=name, auth_mode="key")
            self.client.online_endpoints.begin_create_or_update(endpoint).result()

    def _create(self, step: steps.CreateDeployment) -> None:
        bundle = self.bundle
        instance_type, instance_count = bundle.instances(self.target)
        requests = bundle.requests
        with sdk():
            from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment, OnlineRequestSettings

            deployment = ManagedOnlineDeployment(
                name=step.name,
                endpoint_name=self.goal.endpoint,
                model=step.model,
                environment=f"azureml:{step.environment}",
                code_configuration=CodeConfiguration(code=str(bundle.code), scoring_script=bundle.script),
                environment_variables={"WORKER_COUNT": str(requests.workers)},
                request_settings=OnlineRequestSettings(
                    request_timeout_ms=requests.timeout_ms,
                    max_concurrent_requests_per_instance=requests.max_concurrent,
                ),
                instance_type=instance_type,
                instance_count=instance_count,
                tags={RELEASE: tagged(bundle.digest)},
            )
            self.client.online_deployments.begin_create_or_update(deployment).result()

    def _try(self, deployment: str) -> None:
        examples = self.bundle.examples
        answer = invoke(self.client, self.goal.endpoint, examples.request, deployment=deployment)
        examples.compare(answer, f"the deployment {deployment}")

    def _shift(self, to: str | None) -> None:
        """Read the endpoint, change it, write it whole, and read it back: what comes next deletes."""
        share = {to: 100} if to else {}
        with sdk():
            found = self.client.online_endpoints.get(self.goal.endpoint)
            found.traffic = share
            self.client.online_endpoints.begin_create_or_update(found).result()
            now = self.client.online_endpoints.get(self.goal.endpoint).traffic or {}
        if {name: part for name, part in now.items() if part} != share:
            raise ServiceFailed(f"the endpoint {self.goal.endpoint} still has the traffic {now}", "run it again")
