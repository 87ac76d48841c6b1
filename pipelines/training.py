"""Training: prepare, one step a model family side by side, evaluate, gate, and (if asked) register."""

# No `from __future__ import annotations` here: azure-ai-ml reads the pipeline's annotations as values.
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.components import Components, candidates, parameters, words

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob

STEP_ENVIRONMENTS = {
    "prepare": "train",
    "train": "train",
    "evaluate": "train",
    "gate": "register",
    "register": "register",
}
"""Which folder of `environments/` a component runs in."""


@dataclass(frozen=True)
class Champion:
    """The model that candidates are compared with: `NAME:VERSION`, and where Azure ML finds it (`azureml:…`)."""

    name: str
    path: str


def training(
    *,
    transactions: str,
    policy: Path,
    settings: Path,
    environments: Mapping[str, str],
    compute: str,
    families: Mapping[str, Mapping[str, Any]],
    seed: int,
    freshness: Mapping[str, Any],
    timeout_seconds: int,
    champion: Champion | None = None,
    model_name: str = "",
) -> "PipelineJob":
    """The training pipeline, ready to be submitted.

    `transactions` is a data asset, `azureml:NAME:VERSION`; `policy` and `settings` are local files; `environments`
    maps the folders of `environments/` to `azureml:NAME:VERSION`; `families` maps each to its parameters that are
    not the default; `freshness` holds max_age_days and as_of where they are to be checked. With `model_name` the
    last step registers the model under it.
    """
    from azure.ai.ml import Input, dsl

    components = Components(environments)
    compared_with = champion.name if champion else ""

    def step(component: str, inputs: Mapping[str, Any], name: str = "", **repeated: Any) -> Any:
        node = components.load(component, STEP_ENVIRONMENTS[component], **repeated)(**inputs)
        node.name = name or component
        node.set_limits(timeout=timeout_seconds)
        return node.outputs

    @dsl.pipeline(default_compute=compute, display_name="training")  # type: ignore[untyped-decorator]
    def graph(
        data: Input(type="uri_folder"),  # type: ignore[valid-type]
        gate_policy: Input(type="uri_file"),  # type: ignore[valid-type]
        settings: Input(type="uri_file"),  # type: ignore[valid-type]
        champion: Input(type="mlflow_model", optional=True) = None,  # type: ignore[valid-type]
    ) -> dict[str, Any]:
        prepared = step("prepare", {"transactions": data, **freshness})
        common = {"features": prepared.features, "settings": settings, "seed": seed}
        trained = [
            step(
                "train",
                {**common, "family": family, **words(values)},
                f"train_{family}",
                parameter=parameters(values),
            ).model
            for family, values in families.items()
        ]
        slots = candidates(len(trained))
        given = {**common, **dict(zip(slots.inputs, trained, strict=True))}
        if compared_with:
            given |= {"champion": champion, "champion_name": compared_with}
        evaluated = step("evaluate", given, candidate=slots)
        verdict = step("gate", {"evaluation": evaluated.evaluation, "policy": gate_policy}).verdict
        outputs = {
            "validation": prepared.validation,
            "evaluation": evaluated.evaluation,
            "model": evaluated.model,
            "verdict": verdict,
        }
        if model_name:
            registered = step(
                "register",
                {
                    "model": evaluated.model,
                    "evaluation": evaluated.evaluation,
                    "verdict": verdict,
                    "model_name": model_name,
                    "data": transactions.removeprefix("azureml:"),
                },
            )
            outputs["registration"] = registered.registration
        return outputs

    return graph(
        data=Input(type="uri_folder", path=transactions),
        gate_policy=Input(type="uri_file", path=str(policy)),
        settings=Input(type="uri_file", path=str(settings)),
        champion=Input(type="mlflow_model", path=champion.path) if champion else None,
    )
