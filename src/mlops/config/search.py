"""`[training.sweep.FAMILY]`: what is searched of a family, and how."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .values import Identifier, Positive, Section, Word

BOUNDS, BELL = ("min_value", "max_value"), ("mu", "sigma")
DISTRIBUTIONS = {
    "choice": ("values",),
    "randint": ("upper",),
    **dict.fromkeys(("uniform", "loguniform"), BOUNDS),
    **dict.fromkeys(("quniform", "qloguniform"), (*BOUNDS, "q")),
    **dict.fromkeys(("normal", "lognormal"), BELL),
    **dict.fromkeys(("qnormal", "qlognormal"), (*BELL, "q")),
}
"""What each distribution is given, in the words of Azure ML's YAML."""


class Distribution(Section):
    """What a parameter may be in a sweep."""

    type: str
    values: Annotated[list[Word], Field(min_length=1)] | None = None
    upper: Positive | None = None
    min_value: float | None = None
    max_value: float | None = None
    mu: float | None = None
    sigma: Annotated[float, Field(gt=0)] | None = None
    q: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = DISTRIBUTIONS.get(self.type)
        if needed is None:
            raise ValueError(f"type must be one of {', '.join(DISTRIBUTIONS)}")
        if self.model_fields_set != {"type", *needed}:
            raise ValueError(f"{self.type} takes {', '.join(needed)}")
        return self


class Termination(Section):
    """When a trial that promises little is ended."""

    type: Literal["bandit", "median_stopping", "truncation_selection"]
    evaluation_interval: Positive = 1
    delay_evaluation: Annotated[int, Field(ge=0)] = 0
    slack_factor: Annotated[float, Field(gt=0)] | None = None
    slack_amount: Annotated[float, Field(gt=0)] | None = None
    truncation_percentage: Annotated[int, Field(ge=1, le=99)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        own = {"bandit": {"slack_factor", "slack_amount"}, "truncation_selection": {"truncation_percentage"}}
        of_type = own.get(self.type, set())
        given = self.model_fields_set & {"slack_factor", "slack_amount", "truncation_percentage"}
        if not given <= of_type or len(given) != (1 if of_type else 0):
            raise ValueError(f"{self.type} takes {' or '.join(sorted(of_type)) or 'neither slack nor percentage'}")
        return self


class Sweep(Section):
    """A search over a family's parameters: its best trial has the best value of a metric that training logs."""

    metric: str
    goal: Literal["maximize", "minimize"] = "maximize"
    sampling: Literal["grid", "random", "sobol", "bayesian"] = "random"
    max_total_trials: Annotated[int, Field(ge=1, le=1000)] = 10
    max_concurrent_trials: Annotated[int, Field(ge=1, le=1000)] = 2
    early_termination: Termination | None = None
    space: Annotated[dict[Identifier, Distribution], Field(min_length=1)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        kinds = {each.type for each in self.space.values()}
        if self.sampling == "grid" and kinds != {"choice"}:
            raise ValueError("grid sampling takes choices only")
        if self.sampling == "bayesian" and kinds - {"choice", "uniform", "quniform"}:
            raise ValueError("bayesian sampling takes choice, uniform and quniform only")
        if self.sampling == "bayesian" and self.early_termination:
            raise ValueError("bayesian sampling takes no early termination")
        return self
