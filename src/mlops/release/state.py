"""What stands behind an endpoint now, and what should: two values, so that the difference can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..registry.bundle import RELEASE, tagged
from ..workspace import environments
from ..workspace.connect import sdk
from ..workspace.runs import text_of
from .bundle import Bundle

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

READY = "Succeeded"


@dataclass(frozen=True)
class Deployment:
    """A deployment: the version that it serves (an id) and the environment it runs in (`NAME:VERSION`).

    `release` is the digest of the bundle that it was made from, as its tag says.
    """

    name: str
    model: str
    environment: str
    state: str = READY
    release: str = ""


@dataclass(frozen=True)
class Observed:
    """An endpoint as it is. `state` is None where there is none; `traffic` leaves out who gets nothing."""

    state: str | None
    traffic: Mapping[str, int] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()
    environments: frozenset[str] = frozenset()
    """Those of the environments asked about that are registered."""
    scoring_uri: str = ""


@dataclass(frozen=True)
class Wanted:
    """One deployment of one version behind an endpoint, with all the traffic."""

    endpoint: str
    deployment: Deployment


def deployment_name(model: str, version: int) -> str:
    """One name a version, of 3 to 32 characters: what failed is never put again under the name of another."""
    return f"{model.replace('_', '-')[:20]}-v{version}"


def wanted(endpoint: str, model: Any, bundle: Bundle) -> Wanted:
    """What an endpoint is to serve: a registered version, as its bundle says."""
    name = deployment_name(bundle.model, bundle.version)
    release = tagged(bundle.digest)
    return Wanted(endpoint, Deployment(name, str(model.id), bundle.environment, release=release))


def observe(client: MLClient, wanted: Wanted) -> Observed:
    """What is there. Reads only."""
    from azure.core.exceptions import ResourceNotFoundError

    needed = wanted.deployment.environment
    known = frozenset({needed} if environments.exists(client, needed) else ())
    with sdk():
        try:
            endpoint = client.online_endpoints.get(wanted.endpoint)
        except ResourceNotFoundError:
            return Observed(None, environments=known)
        deployments = tuple(_observed(each) for each in client.online_deployments.list(wanted.endpoint))
    traffic = {name: share for name, share in (endpoint.traffic or {}).items() if share}
    return Observed(text_of(endpoint.provisioning_state), traffic, deployments, known, str(endpoint.scoring_uri))


def _observed(found: Any) -> Deployment:
    environment = str(found.environment).rpartition("/environments/")[2].replace("/versions/", ":")
    model = str(found.model).removeprefix("azureml:")
    release = str((found.tags or {}).get(RELEASE, ""))
    return Deployment(str(found.name), model, environment, text_of(found.provisioning_state), release)
