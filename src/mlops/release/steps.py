"""The things that a release does, as data; as text each is what a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
class Wait(Step):
    """For the end of what somebody else, or an attempt before, has begun."""

    name: str
    state: str

    def __str__(self) -> str:
        return f"wait for {self.name}: it is {self.state}"


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
        return f"create the deployment {self.name} of version {version} in {self.environment.rpartition('/')[2]}"


@dataclass(frozen=True)
class Prove(Step):
    name: str

    def __str__(self) -> str:
        return f"prove {self.name} by its name, before anybody's request reaches it"


@dataclass(frozen=True)
class Mirror(Step):
    """Copy a part of the requests to a deployment, and judge what it answers."""

    name: str
    share: int
    seconds: float

    def __str__(self) -> str:
        return f"mirror {self.share} % of the requests to {self.name} for {_span(self.seconds)}, and judge it"


@dataclass(frozen=True)
class Canary(Step):
    """Give a deployment a part of the traffic, and judge what it does with it."""

    name: str
    share: int
    seconds: float
    traffic: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"give {self.name} {self.share} % of the traffic for {_span(self.seconds)}, and judge it"


@dataclass(frozen=True)
class ShiftTraffic(Step):
    """The whole traffic map in one write. Nothing is mirrored then."""

    traffic: Mapping[str, int]
    why: str = ""

    def __str__(self) -> str:
        shares = [f"{name} {share} %" for name, share in self.traffic.items()]
        what = f"give {' and '.join(shares)}" if len(shares) > 1 else "give nobody the traffic"
        if len(shares) == 1:
            what = f"give {next(iter(self.traffic))} all the traffic"
        return f"{what}: {self.why}" if self.why else what


@dataclass(frozen=True)
class SaveLogs(Step):
    name: str

    def __str__(self) -> str:
        return f"keep the last lines that {self.name} wrote"


@dataclass(frozen=True)
class ScaleDown(Step):
    name: str

    def __str__(self) -> str:
        return f"scale {self.name} down to one instance"


@dataclass(frozen=True)
class DeleteDeployment(Step):
    name: str
    why: str

    def __str__(self) -> str:
        return f"delete the deployment {self.name}: {self.why}"


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
