"""Which deployments there are, what each is given, and where it goes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..config import Config, Target
from ..errors import BadInput
from ..workspace import is_emulated
from . import bicep, stack
from .arm import Manager
from .direct import Direct, Outcome, Say

ML_VERSION = "2025-06-01"


@dataclass(frozen=True)
class Deployment:
    """A parameter file of infra/, and the name that its stack has."""

    parameters: str
    stack: str

    def of(self, config: Config, target: str) -> tuple[Any, str]:
        """The parameter file and the stack's name for a target."""
        workload = config.infra.workload
        return (
            config.root / "infra" / self.parameters.format(target=target),
            self.stack.format(target=target, workload=workload),
        )


DEPLOYMENTS = {
    "bootstrap": Deployment("bootstrap.bicepparam", "{workload}-{target}-delivery"),
    "main": Deployment("main.{target}.bicepparam", "{workload}-{target}"),
    "registry": Deployment("registry.bicepparam", "{workload}-shared"),
}


def apply(
    config: Config, target: str, deployment: str, say: Say, variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Deploy, and return the outputs. Raises BadInput before anything is made, ServiceFailed at a refusal."""
    return apply_whole(config, target, deployment, say, variables).outputs


def apply_whole(
    config: Config, target: str, deployment: str, say: Say, variables: Mapping[str, str] | None = None
) -> Outcome:
    """Deploy, and return what changed too."""
    found, given = _given(config, target, deployment, variables)
    parameters, name = DEPLOYMENTS[deployment].of(config, target)
    if is_emulated():
        return _direct(config, target, deployment, given).apply(say)
    say(f"deploying {parameters.name} as the stack {name}; this takes up to an hour")
    return stack.apply(parameters, name, found.subscription_id, config.infra.location, given)


def plan(config: Config, target: str, deployment: str, variables: Mapping[str, str] | None = None) -> Outcome:
    """What a deployment would change. Reads only."""
    found, given = _given(config, target, deployment, variables)
    if is_emulated():
        return _direct(config, target, deployment, given).plan()
    parameters, name = DEPLOYMENTS[deployment].of(config, target)
    return stack.plan(parameters, name, found.subscription_id, config.infra.location, given)


def stack_id(config: Config, target: str, deployment: str) -> str:
    """The id of a deployment's stack."""
    _, name = DEPLOYMENTS[deployment].of(config, target)
    subscription = config.target(target).subscription_id
    return f"/subscriptions/{subscription}/providers/Microsoft.Resources/deploymentStacks/{name}"


def workspace_id(target: Target) -> str:
    """The id of a target's workspace."""
    return (
        f"/subscriptions/{target.subscription_id}/resourceGroups/{target.resource_group}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{target.workspace}"
    )


def _direct(config: Config, target: str, deployment: str, given: Mapping[str, str]) -> Direct:
    parameters, _ = DEPLOYMENTS[deployment].of(config, target)
    subscription = config.target(target).subscription_id
    snapshot = bicep.snapshot(parameters, subscription, config.infra.location, given)
    return Direct(Manager(), snapshot, stack_id(config, target, deployment))


def _given(
    config: Config, target: str, deployment: str, variables: Mapping[str, str] | None
) -> tuple[Target, dict[str, str]]:
    """The target, and the variables that its parameter files read. Raises BadInput for an unknown one."""
    found = config.target(target)
    if deployment not in DEPLOYMENTS:
        raise BadInput(f"there is no deployment {deployment!r}", f"there are: {', '.join(DEPLOYMENTS)}")
    location = os.environ.get("AZURE_LOCATION") or config.infra.location
    given = {"TARGET": target, "AZURE_LOCATION": location, **(variables or {})}
    if deployment == "main":
        # A PUT of an endpoint without the traffic of the moment silences it: it is made where there is none.
        endpoint = f"{workspace_id(found)}/onlineEndpoints/{found.endpoint}"
        given["CREATE_ENDPOINT"] = str(Manager().get(endpoint, ML_VERSION) is None).lower()
    return found, given
