"""`[gate]`: the policy that candidates are judged by."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from .values import NotNegative, Number, PositiveNumber, Section


def _margin(value: float | str) -> float | str:
    if isinstance(value, str):
        if not re.fullmatch(r"\d+(\.\d+)? ?%", value):
            raise ValueError(f'is neither a number nor a share such as "5%": {value!r}')
    elif not (math.isfinite(value) and value >= 0):
        raise ValueError(f"must be 0 or more: {value}")
    return value


Margin = Annotated[float | str, AfterValidator(_margin)]
"""How much worse is still no harm: in the metric's own unit, or in percent of the champion's value."""


def _one_of_the_levels(confidence: float) -> float:
    """The one-sided confidences that an evaluation has intervals for."""
    levels = (0.9, 0.95, 0.975, 0.99, 0.995)
    if confidence not in levels:
        raise ValueError(f"must be one of {', '.join(map(str, levels))}")
    return confidence


class Slices(Section):
    margin: Margin | None = None
    not_assessed: Literal["report", "approval", "undecided"] = "report"


class Latency(Section):
    """Milliseconds of one request."""

    ratio: PositiveNumber = 5.0
    ignore_below: NotNegative = 0.05
    limit: PositiveNumber = 50.0


class Size(Section):
    """Megabytes of what is registered."""

    ratio: PositiveNumber = 10.0
    ignore_below: NotNegative = 20.0
    limit: PositiveNumber = 500.0


class Drift(Section):
    psi: PositiveNumber = 0.25


class Gate(Section):
    """The policy of the gate; docs/gate.md says what each rule reads and how it judges."""

    mode: Literal["enforce", "dry_run"] = "enforce"
    primary: str | None = None
    rule: Literal["non-inferiority", "superiority", "any"] = "non-inferiority"
    any_of: list[str] = []
    margin: Margin = 0.02
    confidence: Annotated[float, AfterValidator(_one_of_the_levels)] = 0.95
    minimum_events: Annotated[int, Field(ge=0)] = 30
    floors: Annotated[dict[str, Number], Field(min_length=1)]
    guardrails: dict[str, Margin] = {}
    calibration: dict[str, Margin] = {}
    slices: Slices = Slices()
    latency: Latency = Latency()
    size: Size = Size()
    drift: Drift = Drift()
    approvals: list[Literal["first-model", "every-model"]] = []

    @model_validator(mode="after")
    def _any_of_something(self) -> Gate:
        if self.rule == "any" and not self.any_of:
            raise ValueError('rule = "any" needs any_of, the metrics of which any will do')
        return self
