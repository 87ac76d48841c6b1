"""Bring a registered version behind the endpoint: compute what is missing, do it, read it back.

Stopped anywhere and run again it comes to the same end: one deployment of that version, with all the traffic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import Config, Target
from ..errors import BadInput, MlopsError, ServiceFailed
from ..workspace import environments
from ..workspace.connect import sdk
from ..workspace.runs import Report
from .scoring import examples_of, invoke

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

READY = "Succeeded"
SERVE = "serve"


@dataclass(frozen=True)
class Deployed:
    """A version behind an endpoint."""

    endpoint: str
    deployment: str
    version: int
    scoring_uri: str


def deployment_name(model: str, version: int) -> str:
    """One name a version, of 3 to 32 characters: what failed is never put again under the name of another."""
    return f"{model.replace('_', '-')[:20]}-v{version}"


def deploy(client: MLClient, config: Config, target: Target, model: Any, report: Report) -> Deployed:
    """Deploy a registered version and give it all the traffic."""
    version = int(model.version)
    endpoint = _ensure_endpoint(client, target.endpoint, report)
    name = deployment_name(config.project.model, version)
    _ensure_deployment(client, config, target, str(model.id), name, report)
    _smoke_test(client, config, target.endpoint, name, model)
    _shift(client, target.endpoint, name, report)
    _remove_others(client, target.endpoint, name, report)
    return Deployed(target.endpoint, name, version, str(endpoint.scoring_uri))


def _ensure_endpoint(client: MLClient, name: str, report: Report) -> Any:
    """The endpoint, made once. One that failed is deleted first: nothing can be deployed into it."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        from azure.ai.ml.entities import ManagedOnlineEndpoint

        try:
            endpoint = client.online_endpoints.get(name)
        except ResourceNotFoundError:
            endpoint = None
        if endpoint is not None and endpoint.provisioning_state == READY:
            return endpoint
    if endpoint is not None:
        report(f"endpoint {name} is {endpoint.provisioning_state}: deleting it")
        with sdk():
            client.online_endpoints.begin_delete(name).result()
    report(f"creating the endpoint {name}")
    with sdk():
        client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).result()
        return client.online_endpoints.get(name)


def _ensure_deployment(
    client: MLClient, config: Config, target: Target, model: str, name: str, report: Report
) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    serve = environments.ensure(client, config, {SERVE})[SERVE]
    script = config.root / config.project.scoring
    if not script.is_file():
        raise BadInput(f"mlops.toml names the scoring script {config.project.scoring}, which is not there")
    with sdk():
        from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment

        try:
            found = client.online_deployments.get(name, target.endpoint)
        except ResourceNotFoundError:
            found = None
    if found is not None and found.provisioning_state == READY and _same(found, model, serve):
        report(f"deployment {name} is there already")
        return
    if found is not None and found.provisioning_state != READY:
        report(f"deployment {name} is {found.provisioning_state}: deleting it first")
        with sdk():
            client.online_deployments.begin_delete(name, target.endpoint).result()
    report(f"creating the deployment {name}")
    with sdk():
        deployment = ManagedOnlineDeployment(
            name=name,
            endpoint_name=target.endpoint,
            model=model,
            environment=serve,
            code_configuration=CodeConfiguration(code=str(script.parent), scoring_script=script.name),
            instance_type=target.instance_type,
            instance_count=target.instance_count,
        )
        client.online_deployments.begin_create_or_update(deployment).result()


def _same(found: Any, model: str, environment: str) -> bool:
    wanted = environment.removeprefix("azureml:").split(":")
    have = str(found.environment).rpartition("/environments/")[2].split("/versions/")
    return str(found.model).lower().removeprefix("azureml:") == model.lower() and have == wanted


def _smoke_test(client: MLClient, config: Config, endpoint: str, deployment: str, model: Any) -> None:
    """Ask the new deployment by name before anybody's request reaches it."""
    rows = examples_of(client, model)
    answer = invoke(client, endpoint, {"data": rows}, deployment=deployment)
    scores = answer.get("scores")
    if not isinstance(scores, list) or len(scores) != len(rows):
        raise MlopsError(f"the deployment {deployment} answered a request of {len(rows)} rows with {answer}")


def _shift(client: MLClient, endpoint: str, name: str, report: Report) -> None:
    """Give a deployment all the traffic: read the endpoint, change it, write it whole, read it back."""
    with sdk():
        found = client.online_endpoints.get(endpoint)
        if {n: s for n, s in found.traffic.items() if s} == {name: 100}:
            return
        found.traffic = {name: 100}
        client.online_endpoints.begin_create_or_update(found).result()
        now = client.online_endpoints.get(endpoint).traffic
    if {n: s for n, s in now.items() if s} != {name: 100}:
        raise ServiceFailed(f"the endpoint {endpoint} still has the traffic {now}", "run the command again")
    report(f"all traffic goes to {name}")


def _remove_others(client: MLClient, endpoint: str, name: str, report: Report) -> None:
    with sdk():
        others = [d.name for d in client.online_deployments.list(endpoint) if d.name != name]
    for other in others:
        report(f"deleting the deployment {other}")
        with sdk():
            client.online_deployments.begin_delete(other, endpoint).result()
