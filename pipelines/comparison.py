"""Comparison of two versions: both scored on the same rows, and combinations of what went into them trained."""

# No `from __future__ import annotations` here: azure-ai-ml reads the pipeline's annotations as values.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.components import Components, candidates, parameters, words
from pipelines.training import STEP_ENVIRONMENTS, Champion

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob


@dataclass(frozen=True)
class Landed:
    """Data to prepare: an asset, `azureml:NAME:VERSION`, and what it is asked about its age (may be empty)."""

    path: str
    freshness: Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """A combination to train: on what, which family with which parameters, by which settings (a local file)."""

    name: str
    data: Landed
    family: str
    parameters: Mapping[str, Any]
    settings: Path
    seed: int
    environment: str = ""
    """The folder of `environments/` where the one of training does not do for the family."""


def comparison(
    *,
    data: Landed,
    settings: Path,
    seed: int,
    newer: Champion,
    older: Champion,
    trials: Sequence[Trial],
    environments: Mapping[str, str],
    compute: str,
    timeout_seconds: int,
) -> "PipelineJob":
    """The comparison on the test rows that `data` and `settings` give, ready to be submitted.

    Its output `difference` is the evaluation of the newer version with the older one as champion; with trials
    there is an output `shares`: the evaluation of the newer, the older and each trial, candidates in this order.
    """
    from azure.ai.ml import Input, dsl

    components = Components(environments)

    def step(component: str, inputs: Mapping[str, Any], name: str, environment: str = "", **repeated: Any) -> Any:
        node = components.load(component, environment or STEP_ENVIRONMENTS[component], **repeated)(**inputs)
        node.name = name
        node.set_limits(timeout=timeout_seconds)
        return node.outputs

    def file(path: Path) -> Any:
        return Input(type="uri_file", path=str(path))

    def model(version: Champion) -> Any:
        return Input(type="mlflow_model", path=version.path)

    @dsl.pipeline(default_compute=compute, display_name="comparison")  # type: ignore[untyped-decorator]
    def graph() -> dict[str, Any]:
        landed = list(dict.fromkeys([data.path, *(trial.data.path for trial in trials)]))
        of = {each.path: each for each in (data, *(trial.data for trial in trials))}
        features = {
            path: step(
                "prepare",
                {"transactions": Input(type="uri_folder", path=path), **of[path].freshness},
                f"prepare_{number}",
            ).features
            for number, path in enumerate(landed, start=1)
        }
        common = {"features": features[data.path], "settings": file(settings), "seed": seed}
        pair = {"candidate_1": model(newer), "champion": model(older), "champion_name": older.name}
        difference = step("evaluate", {**common, **pair}, "difference", candidate=candidates(1))
        outputs = {"difference": difference.evaluation}
        if trials:
            trained = [
                step(
                    "train",
                    {
                        "features": features[trial.data.path],
                        "settings": file(trial.settings),
                        "seed": trial.seed,
                        "family": trial.family,
                        **words(trial.parameters),
                    },
                    f"train_{trial.name}",
                    environment=trial.environment,
                    parameter=parameters(trial.parameters),
                ).model
                for trial in trials
            ]
            slots = candidates(len(trained) + 2)
            given = dict(zip(slots.inputs, [model(newer), model(older), *trained], strict=True))
            outputs["shares"] = step("evaluate", {**common, **given}, "shares", candidate=slots).evaluation
        return outputs

    return graph()
