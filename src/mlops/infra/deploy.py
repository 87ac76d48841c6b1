"""Which deployments there are, what each is given, and where it goes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..config import Config, Target
from ..errors import BadInput
from ..workspace.connect import either
from . import bicep
from .arm import Manager
from .direct import Direct, Outcome, Say
from .stack import Stack

ML_VERSION = "2025-06-01"


@dataclass(frozen=True)
class Deployment:
    """A parameter file of infra/, and the name that its stack has."""

    parameters: str
    stack: str

    def of(self, config: Config, target: str) -> tuple[Path, str]:
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
    return _deployer(config, target, deployment, variables).apply(say)


def plan(config: Config, target: str, deployment: str, variables: Mapping[str, str] | None = None) -> Outcome:
    """What a deployment would change. Reads only."""
    return _deployer(config, target, deployment, variables).plan()


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


class Deployer(Protocol):
    """A way in which a deployment is planned and made."""

    def plan(self) -> Outcome: ...

    def apply(self, say: Say) -> Outcome: ...


def _deployer(config: Config, target: str, deployment: str, variables: Mapping[str, str] | None) -> Deployer:
    """Resource by resource where the local Azure ML is, through `az` in Azure."""
    found, given = _given(config, target, deployment, variables)
    parameters, name = DEPLOYMENTS[deployment].of(config, target)
    place = (found.subscription_id, config.infra.location, given)

    def direct() -> Deployer:
        snapshot = bicep.snapshot(parameters, *place)
        return Direct(Manager(), snapshot, stack_id(config, target, deployment))

    def stack() -> Deployer:
        return Stack(parameters, name, *place)

    return either(local=direct, azure=stack)()


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
