"""The things that a release does, as data; as text each is what a person reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One thing to do."""

    def document(self) -> dict[str, Any]:
        """The step for a program."""
        return {"step": type(self).__name__, **asdict(self), "text": str(self)}


@dataclass(frozen=True)
class RegisterEnvironment(Step):
    name: str

    def __str__(self) -> str:
        return f"register the environment {self.name}"


@dataclass(frozen=True)
class DeleteEndpoint(Step):
    name: str
    state: str

    def __str__(self) -> str:
        return f"delete the endpoint {self.name}: it is {self.state}, nothing can be deployed into it"


@dataclass(frozen=True)
class CreateEndpoint(Step):
    name: str

    def __str__(self) -> str:
        return f"create the endpoint {self.name}"


@dataclass(frozen=True)
class CreateDeployment(Step):
    name: str
    model: str
    environment: str

    def __str__(self) -> str:
        version = self.model.rpartition("/")[2]
        return f"create the deployment {self.name} of version {version} in {self.environment}"


@dataclass(frozen=True)
class TryDeployment(Step):
    name: str

    def __str__(self) -> str:
        return f"try {self.name} by its name, before anybody's request reaches it"


@dataclass(frozen=True)
class ShiftTraffic(Step):
    """All the traffic to one deployment, or to none."""

    to: str | None

    def __str__(self) -> str:
        return f"give {self.to or 'nobody'} all the traffic"


@dataclass(frozen=True)
class DeleteDeployment(Step):
    name: str
    why: str

    def __str__(self) -> str:
        return f"delete the deployment {self.name}: {self.why}"
