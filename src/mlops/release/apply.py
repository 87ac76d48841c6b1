"""Bring a registered version behind the endpoint: observe, plan, do the plan, and read it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import Config, Target
from ..errors import ServiceFailed
from ..workspace import environments
from ..workspace.connect import sdk
from ..workspace.runs import Report
from . import steps
from .plan import plan
from .scoring import examples_of, invoke
from .state import SERVE, Wanted, observe, wanted

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass(frozen=True)
class Deployed:
    """A version behind an endpoint."""

    endpoint: str
    deployment: str
    version: int
    scoring_uri: str


def deploy(client: MLClient, config: Config, target: Target, model: Any, report: Report) -> Deployed:
    """Deploy a registered version and give it all the traffic."""
    goal = wanted(config, target, model)
    todo = plan(goal, observe(client, goal))
    if not todo:
        report(f"{goal.deployment.name} has all the traffic already")
    release = _Release(client, config, target, model, goal)
    for step in todo:
        report(str(step))
        release.do(step)
    now = observe(client, goal)
    if left := plan(goal, now):
        raise ServiceFailed(f"the endpoint {target.endpoint} is not as it should be: {left[0]}", "run it again")
    return Deployed(target.endpoint, goal.deployment.name, int(model.version), now.scoring_uri)


def planned(client: MLClient, config: Config, target: Target, model: Any) -> dict[str, Any]:
    """What `deploy` would do now, a document of schema release-plan/1. Reads only."""
    goal = wanted(config, target, model)
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
    target: Target
    model: Any
    goal: Wanted

    def do(self, step: steps.Step) -> None:
        """One step, to its end."""
        client, endpoint = self.client, self.goal.endpoint
        match step:
            case steps.RegisterEnvironment():
                environments.ensure(client, self.config, {SERVE})
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
        script = self.config.root / self.config.project.scoring
        with sdk():
            from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment

            deployment = ManagedOnlineDeployment(
                name=step.name,
                endpoint_name=self.goal.endpoint,
                model=step.model,
                environment=f"azureml:{step.environment}",
                code_configuration=CodeConfiguration(code=str(script.parent), scoring_script=script.name),
                instance_type=self.target.instance_type,
                instance_count=self.target.instance_count,
            )
            self.client.online_deployments.begin_create_or_update(deployment).result()

    def _try(self, deployment: str) -> None:
        examples = examples_of(self.client, self.model)
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
