"""`[release]`: how a version comes to take an endpoint's traffic; docs/canary.md says how it is judged."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from .values import Name, NotNegative, Positive, PositiveNumber, Section

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
TARGETS = ("local", "dev", "staging", "prod")
"""Those that infra/ makes. One that is not made yet may have no table of its own, and be spoken of already."""
EVERYBODY = 100
MOST_MIRRORED = 50
"""Percent of the traffic that Azure ML mirrors at most."""
TESTS = 2
"""Of a phase: errors, and requests slower than the objective."""


class Mirror(Section):
    """A copy of so many percent of the requests, whose answers nobody gets. A share of 0 mirrors nothing."""

    share: Annotated[int, Field(ge=0, le=MOST_MIRRORED)] = 10
    seconds: PositiveNumber = 600


class Step(Section):
    """So many percent of the requests, for so many seconds at least."""

    share: Annotated[int, Field(ge=1, le=EVERYBODY)]
    seconds: PositiveNumber


class Canary(Section):
    """What a new version is held to while requests reach it.

    `error_margin` and `slow_margin` are shares of requests; `alpha` bounds the chance that a version that is no
    worse is stopped in any phase, and the chance that one that is worse by more than a margin passes a phase.
    `probes_per_second` are requests of the release's own, where nobody else sends any.
    """

    mirror: Mirror = Mirror()
    steps: Annotated[list[Step], Field(min_length=1)] = [
        Step(share=10, seconds=600),
        Step(share=50, seconds=600),
        Step(share=EVERYBODY, seconds=300),
    ]
    look_seconds: PositiveNumber = 30
    probes_per_second: NotNegative = 0
    max_minutes: PositiveNumber = 120
    minimum_requests: Positive = 1000
    alpha: Share = 0.01
    error_margin: Share = 0.005
    objective_ms: PositiveNumber = 200
    slow_margin: Share = 0.02
    memory_limit: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.9
    changed_decisions: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.02
    alert_volume: NotNegative = 0.25

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: list[Step]) -> list[Step]:
        shares = [step.share for step in steps]
        if any(before >= after for before, after in pairwise(shares)):
            raise ValueError(f"the shares must rise from step to step: {', '.join(map(str, shares))}")
        if shares[-1] != EVERYBODY:
            raise ValueError(f"the last step must have a share of {EVERYBODY}, it has {shares[-1]}")
        return steps

    @property
    def level(self) -> float:
        """The false-alarm rate of one test of one phase: `alpha` divided among all of them."""
        phases = len(self.steps) + bool(self.mirror.share)
        return self.alpha / (TESTS * phases)


class Proof(Section):
    """What a deployment is asked before anybody's request reaches it: so many requests a second, open loop.

    `answered` names bad requests that the scoring script answers on purpose.
    """

    rate: PositiveNumber = 20
    seconds: PositiveNumber = 30
    p99_ms: PositiveNumber = 200
    errors: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.001
    answered: list[str] = []


class Overrides(Section):
    """What is different for one target; what is not named is as in the tables above."""

    canary: Canary = Canary()
    proof: Proof = Proof()


AnySection = TypeVar("AnySection", bound=Section)


class Release(Section):
    registry: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,32}$")] | None = None
    kind: Literal["managed", "kubernetes"] = "managed"
    keep: Positive = 3
    failed: Literal["remove", "scale-down", "keep"] = "scale-down"
    lease_minutes: PositiveNumber = 15
    approval: list[Name] = []
    proof: Proof = Proof()
    canary: Canary = Canary()
    targets: dict[Name, Overrides] = {}

    @field_validator("canary")
    @classmethod
    def _can_mirror(cls, canary: Canary, info: ValidationInfo) -> Canary:
        if info.data.get("kind") == "kubernetes" and canary.mirror.share:
            raise ValueError("Kubernetes endpoints mirror nothing: mirror = { share = 0 }")
        return canary

    def canary_of(self, target: str) -> Canary:
        """The canary's settings for a target."""
        return _overridden(self.canary, self.targets[target].canary) if target in self.targets else self.canary

    def proof_of(self, target: str) -> Proof:
        """The proof's settings for a target."""
        return _overridden(self.proof, self.targets[target].proof) if target in self.targets else self.proof


def _overridden(general: AnySection, own: AnySection) -> AnySection:
    return general.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})
