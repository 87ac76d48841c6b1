"""The tables of `mlops.toml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ..errors import BadInput
from .policy import Gate
from .release import TARGETS, Release
from .search import Sweep
from .values import Entry, Free, Identifier, Name, Positive, Section, Word

FILE = "mlops.toml"
PORT = "AZUREML_LOCAL_PORT"
"""The variable that names another port for the local Azure ML than the file does."""
HIGHEST_PORT = 65_535
LONGEST_REQUEST_MS = 180_000
"""The most that managed online endpoints let a request take."""


class Project(Section):
    model: Name
    contract: Entry
    sources: Entry | None = None
    generator: Entry
    scoring: str


class Local(Section):
    port: Annotated[int, Field(ge=0, le=HIGHEST_PORT)] = 10443
    state: str = ".azureml-local"


class Source(Section):
    """Where data lands: files in storage (`blob`), or a kind of the project's own with settings of its own."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: Name
    uri: str = ""
    files: Annotated[list[str], Field(min_length=1)] = ["*"]


class Data(Section):
    """`contract` holds keyword arguments of the project's contract, which `mlops` does not know."""

    asset: Name
    max_age_days: Positive | None = None
    max_landing_age_days: Positive | None = None
    contract: dict[str, Any] = {}
    source: Source | None = None


class Resources(Section):
    """What a family is trained on: a cluster of its own, and several processes that share the work.

    The cluster is made of `instance_type` where there is none; `distribution` tells the processes of each other.
    """

    compute: Name | None = None
    instance_type: str | None = None
    distribution: Literal["pytorch", "mpi", "tensorflow"] | None = None
    instances: Positive = 1
    processes: Positive = 1

    @model_validator(mode="after")
    def _told_of_each_other(self) -> Self:
        if self.distribution is None and self.instances * self.processes > 1:
            raise ValueError("several instances or processes need a distribution: pytorch, mpi or tensorflow")
        return self


class Training(Section):
    experiment: str
    families: Annotated[list[Name], Field(min_length=1)]
    seed: int = 0
    step_timeout_seconds: Positive = 1800
    environments: dict[Name, Name] = {}
    settings: Free = {}
    parameters: dict[Name, dict[Identifier, Word]] = {}
    sweep: dict[Name, Sweep] = {}
    resources: dict[Name, Resources] = {}

    @field_validator("families")
    @classmethod
    def _different(cls, families: list[str]) -> list[str]:
        if twice := [name for name in families if families.count(name) > 1]:
            raise ValueError(f"names {twice[0]} twice")
        return families


class Serving(Section):
    """What an instance of an endpoint takes on: pinned, with the version, when one is registered.

    Azure's default is one request at a time: an instance answers 429 to the second caller.
    """

    request_timeout_ms: Annotated[int, Field(gt=0, le=LONGEST_REQUEST_MS)] = 5000
    max_concurrent_requests: Positive = 8
    workers: Positive = 1

    @field_validator("workers")
    @classmethod
    def _busy(cls, workers: int, info: ValidationInfo) -> int:
        limit = info.data.get("max_concurrent_requests", workers)
        if workers > limit:
            raise ValueError(
                f"must be at most max_concurrent_requests, {limit}: the others would have nothing to do"
            )
        return workers


class Infra(Section):
    workload: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,6}$")]
    location: Name = "westeurope"


class Target(Section):
    subscription_id: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    resource_group: str
    workspace: str
    compute: str
    endpoint: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]$")]
    instance_type: str
    instance_count: Positive = 1
    allow_dirty: bool = False


class Config(Section):
    """The whole file. `root` is the folder of the project, `file` what was read."""

    root: Path
    file: Path
    project: Project
    local: Local = Field(default_factory=Local)
    data: Data
    training: Training
    gate: Gate
    serving: Serving = Field(default_factory=Serving)
    demo: Free = {}
    infra: Infra
    targets: Annotated[dict[str, Target], Field(min_length=1)]
    release: Release = Release()

    @field_validator("release")
    @classmethod
    def _of_targets_that_there_can_be(cls, release: Release, info: ValidationInfo) -> Release:
        known = dict.fromkeys((*info.data.get("targets", {}), *TARGETS))
        if unknown := [name for name in (*release.approval, *release.targets) if name not in known]:
            raise ValueError(f"names the target {unknown[0]}, the targets are: {', '.join(known)}")
        return release

    def target(self, name: str) -> Target:
        """The target of this name. Raises BadInput, naming those there are."""
        if name not in self.targets:
            raise BadInput(f"there is no target {name!r} in {FILE}", f"the targets are: {', '.join(self.targets)}")
        return self.targets[name]

    @property
    def local_home(self) -> Path:
        """Where the local Azure ML keeps its state. AZUREML_LOCAL_HOME names another place."""
        return Path(os.environ.get("AZUREML_LOCAL_HOME") or self.root / self.local.state)

    @property
    def demo_files(self) -> Path:
        """What the demo makes. A reset of the local Azure ML forgets it, the endpoint's key first of all."""
        return self.local_home / "project"

    @property
    def local_port(self) -> int:
        """Where the local Azure ML listens. AZUREML_LOCAL_PORT names another port; 0 takes a free one."""
        text = os.environ.get(PORT)
        if text is None:
            return self.local.port
        if not text.isdigit() or int(text) > HIGHEST_PORT:
            raise BadInput(f"{PORT} must be a number from 0 to {HIGHEST_PORT}, it is {text!r}")
        return int(text)
