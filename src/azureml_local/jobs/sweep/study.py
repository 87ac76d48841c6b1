"""What a sweep asks for, read from either form on the wire: camel case of jobs, snake case of nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...arm.store import Body
from ...steps.durations import seconds
from . import policies, sampling, space
from .policies import Policy
from .sampling import SAMPLERS, Sampler, Space

LONGEST = 5_184_000.0
MOST = 1000
GENERATORS = {"grid": "GRID", "random": "RANDOM", "bayesian": "BayesianOptimization"}
"""What the service calls the samplers in its tags; the last as its older SDK does."""
UPPER = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class Limits:
    """How many trials there are, how many at once, and for how long, in seconds."""

    total: int
    concurrent: int
    timeout: float
    trial_timeout: float | None


@dataclass(frozen=True)
class Study:
    """A search for the values that make the primary metric best."""

    space: Space
    algorithm: str
    options: Mapping[str, Any]
    metric: str
    goal: str
    policy: Policy | None
    limits: Limits

    @classmethod
    def read(cls, values: Body) -> Study:
        """Raises ValueError for a sweep that cannot be run, with the reason."""
        asked = snake(values)
        searched = {name: space.read(each) for name, each in (asked.get("search_space") or {}).items()}
        if not searched:
            raise ValueError("a sweep has a search space with at least one hyperparameter")
        objective = snake(asked.get("objective") or {})
        metric, goal = str(objective.get("primary_metric") or ""), str(objective.get("goal") or "").lower()
        if not metric or goal not in ("maximize", "minimize"):
            raise ValueError("the objective of a sweep is a primary metric and a goal, maximize or minimize")
        given = asked.get("sampling_algorithm") or "random"
        options = snake(given) if isinstance(given, Mapping) else {"type": given}
        algorithm = str(options.get("sampling_algorithm_type") or options.get("type")).lower()
        if algorithm not in SAMPLERS:
            raise ValueError(f"'{algorithm}' is no sampling algorithm; there are: {', '.join(SAMPLERS)}")
        policy = policies.read(snake(asked.get("early_termination") or {}), minimized=goal == "minimize")
        if policy and algorithm == "bayesian":
            raise ValueError("bayesian sampling does not support early termination policies")
        study = cls(searched, algorithm, options, metric, goal, policy, _limits(snake(asked.get("limits") or {})))
        study.sampler("")
        return study

    def sampler(self, seed: str) -> Sampler:
        """Its sampler; `seed` is used where none was given."""
        return SAMPLERS[self.algorithm](self.space, self.options, seed)

    def score(self, value: float) -> float:
        """A value of the metric so that higher is better; the other way round, too."""
        return value if self.goal == "maximize" else -value

    @property
    def size(self) -> int | None:
        """How many points the space has, where they can be counted."""
        return sampling.size(self.space)

    @property
    def objective(self) -> str:
        return _compact({"name": self.metric, "goal": self.goal})

    def content(self) -> dict[str, str]:
        """All that it asks for, to compare it with another."""
        return {**self.tags(), "trial_timeout": str(self.limits.trial_timeout)}

    def tags(self) -> dict[str, str]:
        """The tags that the service gives a sweep. Source: recorded traffic, sweep_job, 2026-03."""
        names = ("rule", "logbase", "seed") if self.algorithm == "random" else ()
        options = {name: self.options.get(name) for name in names}
        if "rule" in options:
            options["rule"] = str(options["rule"] or "random").title()
        generator = {
            "name": GENERATORS[self.algorithm],
            "parameter_space": {name: [each.kind, list(each.arguments)] for name, each in self.space.items()},
            "properties": options,
        }
        policy = self.policy
        chosen = {"name": policy.name if policy else "Default", "properties": policy.options if policy else {}}
        tags = {
            "max_concurrent_jobs": str(self.limits.concurrent),
            "max_total_jobs": str(self.limits.total),
            "max_duration_minutes": f"{self.limits.timeout / 60:g}",
            "policy_config": _compact(chosen),
            "generator_config": _compact(generator),
            "primary_metric_config": self.objective,
        }
        return {f"_aml_system_{name}": value for name, value in tags.items()}


def snake(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same members with names in snake case; what they hold stays as it is."""
    return {UPPER.sub("_", name).lower(): value for name, value in values.items()}


def _limits(values: Mapping[str, Any]) -> Limits:
    total = int(values.get("max_total_trials") or MOST)
    concurrent = int(values.get("max_concurrent_trials") or total)
    if not 1 <= total <= MOST or not 1 <= concurrent <= MOST:
        raise ValueError(f"max_total_trials and max_concurrent_trials are from 1 to {MOST}")
    return Limits(
        total, concurrent, seconds(values.get("timeout")) or LONGEST, seconds(values.get("trial_timeout"))
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
