"""A search over the parameters of a model family: the step that trains it becomes a sweep."""

# No `from __future__ import annotations` here: azure-ai-ml reads annotations as values.
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.components import words

DISTRIBUTIONS = {
    "choice": "Choice",
    "randint": "Randint",
    "uniform": "Uniform",
    "loguniform": "LogUniform",
    "quniform": "QUniform",
    "qloguniform": "QLogUniform",
    "normal": "Normal",
    "lognormal": "LogNormal",
    "qnormal": "QNormal",
    "qlognormal": "QLogNormal",
}
TERMINATIONS = {
    "bandit": "BanditPolicy",
    "median_stopping": "MedianStoppingPolicy",
    "truncation_selection": "TruncationSelectionPolicy",
}
"""The words of Azure ML's YAML, and the classes of azure.ai.ml.sweep."""


@dataclass(frozen=True)
class Search:
    """What is searched, and how long.

    `space` maps each parameter to its distribution, `early_termination` is a policy, both in the words of Azure
    ML's YAML: `{"type": "uniform", "min_value": 0, "max_value": 1}`. `sampling` is grid, random, sobol or
    bayesian; random and sobol draw by `seed`. The best trial has the highest value of `metric`, or the lowest, by
    `goal` (maximize or minimize).
    """

    metric: str
    goal: str
    sampling: str
    space: Mapping[str, Mapping[str, Any]]
    max_total_trials: int
    max_concurrent_trials: int
    seed: int = 0
    early_termination: Mapping[str, Any] | None = None

    @property
    def samples(self) -> dict[str, Any]:
        """A value of each parameter's type: whole, a number, or text."""
        return {name: _sample(distribution) for name, distribution in self.space.items()}

    def over(self, component: Any, inputs: Mapping[str, Any], trial_timeout: int) -> Any:
        """The node that tries the component over the space; each trial is ended after so many seconds."""
        from azure.ai.ml import sweep

        def made(classes: Mapping[str, str], value: Mapping[str, Any]) -> Any:
            options = {name: each for name, each in value.items() if name != "type"}
            if "values" in options:
                options["values"] = [*words({str(n): each for n, each in enumerate(options["values"])}).values()]
            return getattr(sweep, classes[value["type"]])(**options)

        space = {name: made(DISTRIBUTIONS, distribution) for name, distribution in self.space.items()}
        sampling: Any = self.sampling
        if self.sampling in ("random", "sobol"):
            sampling = sweep.RandomSamplingAlgorithm(rule=self.sampling, seed=self.seed)
        node = component(**inputs, **space).sweep(
            primary_metric=self.metric,
            goal=self.goal,
            sampling_algorithm=sampling,
            max_total_trials=self.max_total_trials,
            max_concurrent_trials=self.max_concurrent_trials,
            trial_timeout=trial_timeout,
        )
        if self.early_termination:
            node.early_termination = made(TERMINATIONS, self.early_termination)
        return node


def _sample(distribution: Mapping[str, Any]) -> Any:
    if distribution["type"] == "randint":
        return 0
    if distribution["type"] != "choice":
        return 0.0
    kinds = {type(value) for value in distribution["values"]}
    if kinds == {int, float}:
        return 0.0
    return next(iter(distribution["values"])) if len(kinds) == 1 else ""
