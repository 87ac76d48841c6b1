"""What stands behind an endpoint now, and what should: values, so that the difference can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..workspace import environments
from ..workspace.connect import sdk
from ..workspace.runs import text_of

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

READY = "Succeeded"
BUSY = ("Creating", "Updating", "Deleting", "Scaling")
"""What ends by itself; anything else than READY has failed."""
RELEASE, MODEL, VERSION, BUNDLE = "release", "model", "version", "bundle"
"""The tags of a deployment that a release made: the release's id, the version it serves, its bundle's SHA-256."""


@dataclass(frozen=True)
class Deployment:
    """A deployment: the version that it serves (an id) and the environment it runs in (`NAME:VERSION`)."""

    name: str
    model: str
    environment: str
    state: str = READY
    tags: Mapping[str, str] = field(default_factory=dict)
    instances: int = 1

    @property
    def failed(self) -> bool:
        """Whether it is neither ready nor on its way: a corpse, which is not put again but deleted."""
        return self.state not in (READY, *BUSY)

    @property
    def release(self) -> str:
        """The id of the release that made it; empty where none did."""
        return self.tags.get(RELEASE, "")

    @property
    def bundle(self) -> str:
        """The digest of the release bundle that it serves; empty where it serves none."""
        return self.tags.get(BUNDLE, "")

    @property
    def version(self) -> int | None:
        """The version that it serves; None where nothing says so."""
        text = self.tags.get(VERSION) or self.model.rpartition("/")[2].rpartition(":")[2]
        return int(text) if text.isdigit() else None


@dataclass(frozen=True)
class Observed:
    """An endpoint as it is. `state` is None where there is none; `traffic`, `mirror` leave out who has nothing."""

    state: str | None
    traffic: Mapping[str, int] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()
    environments: frozenset[str] = frozenset()
    """Those of the environments asked about that are registered."""
    scoring_uri: str = ""
    mirror: Mapping[str, int] = field(default_factory=dict)

    def named(self, name: str) -> Deployment | None:
        """The deployment of this name."""
        return next((each for each in self.deployments if each.name == name), None)

    @property
    def champion(self) -> Deployment | None:
        """What has the largest part of the traffic (of equals the first by name); None without traffic."""
        first = min(self.traffic, key=lambda name: (-self.traffic[name], name), default="")
        return self.named(first)


@dataclass(frozen=True)
class Phase:
    """So many percent of the requests, for so many seconds at least."""

    share: int
    seconds: float


@dataclass(frozen=True)
class Wanted:
    """One deployment of one version behind an endpoint, with all the traffic in the end, and the way there.

    `steps` rise to 100 percent; without them the traffic moves at once. `failed` is what becomes of a deployment
    that was stopped: remove, scale-down or keep.
    """

    endpoint: str
    deployment: Deployment
    mirror: Phase | None = None
    steps: tuple[Phase, ...] = ()
    failed: str = "remove"


@dataclass(frozen=True)
class Progress:
    """How far a release is, from its record. `passed` are the canary's shares that were judged good.

    `before` is the traffic that was read before anything was done; `kept` are deployments that stay, to be gone
    back to; `stopped` says why it goes back, empty while it goes forward.
    """

    before: Mapping[str, int] = field(default_factory=dict)
    proved: bool = False
    mirrored: bool = False
    passed: frozenset[int] = frozenset()
    stopped: str = ""
    logs: bool = False
    kept: frozenset[str] = frozenset()


def observe(client: MLClient, endpoint: str, environment: str = "") -> Observed:
    """What is there, and whether the environment `NAME:VERSION` is. Reads only."""
    from azure.core.exceptions import ResourceNotFoundError

    known = frozenset({environment} if environment and environments.exists(client, environment) else ())
    with sdk():
        try:
            found = client.online_endpoints.get(endpoint)
        except ResourceNotFoundError:
            return Observed(None, environments=known)
        deployments = tuple(_observed(each) for each in client.online_deployments.list(endpoint))
    return Observed(
        text_of(found.provisioning_state),
        weights(found.traffic),
        deployments,
        known,
        str(found.scoring_uri),
        weights(found.mirror_traffic),
    )


def weights(shares: Mapping[str, int] | None) -> dict[str, int]:
    """A map of shares without who gets nothing."""
    return {name: int(share) for name, share in (shares or {}).items() if share}


def _observed(found: Any) -> Deployment:
    environment = str(found.environment)
    if not environment.startswith("azureml://"):
        environment = environment.rpartition("/environments/")[2].replace("/versions/", ":")
    return Deployment(
        str(found.name),
        str(found.model).removeprefix("azureml:"),
        environment,
        text_of(found.provisioning_state),
        dict(found.tags or {}),
        int(found.instance_count or 1),
    )
