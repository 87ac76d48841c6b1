"""Training: prepare, one step a model family side by side, evaluate, gate, and (if asked) register."""

# No `from __future__ import annotations` here: azure-ai-ml reads the pipeline's annotations as values.
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pipelines.components import ONE, Components, Resources, candidates, parameters, words
from pipelines.search import Search

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob

STEP_ENVIRONMENTS = {
    "prepare": "train",
    "train": "train",
    "evaluate": "train",
    "gate": "register",
    "register": "register",
}
"""Which folder of `environments/` a component runs in; `family_environments` name others for training."""


@dataclass(frozen=True)
class Champion:
    """The model that candidates are compared with: `NAME:VERSION`, and where Azure ML finds it (`azureml:…`)."""

    name: str
    path: str


def training(
    *,
    asset: str,
    policy: Path,
    settings: Path,
    provenance: Path,
    serving: Path,
    environments: Mapping[str, str],
    compute: str,
    families: Mapping[str, Mapping[str, Any]],
    seed: int,
    freshness: Mapping[str, Any],
    timeout_seconds: int,
    family_environments: Mapping[str, str] = MappingProxyType({}),
    champion: Champion | None = None,
    searches: Mapping[str, Search] | None = None,
    resources: Mapping[str, Resources] = MappingProxyType({}),
    model_name: str = "",
) -> "PipelineJob":
    """The training pipeline, ready to be submitted.

    `asset` is landed data, `azureml:NAME:VERSION`; `policy`, `settings` and `provenance` are local files,
    `serving` is a folder; `environments` maps the folders of `environments/` to `azureml:NAME:VERSION`; `families`
    maps each to its parameters that are not the default, `family_environments` those to a folder that `train` does
    not do for, `searches` those that are swept to what is searched, `resources` those that are trained elsewhere
    than on `compute`, or by several processes; `freshness` holds max_age_days and as_of where they are to
    be checked. With `model_name` the last step registers the model under it.
    """
    from azure.ai.ml import Input, dsl

    components = Components(environments)
    compared_with = champion.name if champion else ""

    def step(
        component: str,
        inputs: Mapping[str, Any],
        name: str = "",
        search: Search | None = None,
        environment: str = "",
        on: Resources = ONE,
        **repeated: Any,
    ) -> Any:
        made = components.load(component, environment or STEP_ENVIRONMENTS[component], on, **repeated)
        node = search.over(made, inputs, timeout_seconds) if search else made(**inputs)
        node.name = name or component
        if on.compute:
            node.compute = on.compute
        if search is None:
            node.set_limits(timeout=timeout_seconds)
        return node.outputs

    def train(family: str, values: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        search = (searches or {}).get(family)
        searched = search.samples if search else {}
        fixed = {name: value for name, value in values.items() if name not in searched}
        slots = parameters({**fixed, **searched})
        given, own = {**inputs, "family": family, **words(fixed)}, family_environments.get(family, "")
        on = resources.get(family, ONE)
        return step("train", given, f"train_{family}", search, own, on, parameter=slots)

    @dsl.pipeline(default_compute=compute, display_name="training")  # type: ignore[untyped-decorator]
    def graph(
        data: Input(type="uri_folder"),  # type: ignore[valid-type]
        gate_policy: Input(type="uri_file"),  # type: ignore[valid-type]
        settings: Input(type="uri_file"),  # type: ignore[valid-type]
        provenance: Input(type="uri_file"),  # type: ignore[valid-type]
        serving: Input(type="uri_folder"),  # type: ignore[valid-type]
        champion: Input(type="mlflow_model", optional=True) = None,  # type: ignore[valid-type]
    ) -> dict[str, Any]:
        prepared = step("prepare", {"data": data, **freshness})
        common = {"features": prepared.features, "settings": settings, "seed": seed}
        trained = [train(family, values, common).model for family, values in families.items()]
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
                    "provenance": provenance,
                    "serving": serving,
                    "model_name": model_name,
                },
            )
            outputs["registration"] = registered.registration
        return outputs

    return graph(
        data=Input(type="uri_folder", path=asset),
        gate_policy=Input(type="uri_file", path=str(policy)),
        settings=Input(type="uri_file", path=str(settings)),
        provenance=Input(type="uri_file", path=str(provenance)),
        serving=Input(type="uri_folder", path=str(serving)),
        champion=Input(type="mlflow_model", path=champion.path) if champion else None,
    )


def registration(
    *, run: str, inputs: Mapping[str, str], environments: Mapping[str, str], compute: str, model_name: str
) -> "PipelineJob":
    """The last step of training alone, for a run that did not register: ready to be submitted.

    `inputs` are where that run's model, evaluation, verdict, provenance and serving are: `azureml://…`, or a local
    path.
    """
    from azure.ai.ml import Input, dsl

    register = Components(environments).load("register", STEP_ENVIRONMENTS["register"])
    types = {name: each.type for name, each in register.inputs.items() if name in inputs}

    @dsl.pipeline(default_compute=compute, display_name="registration")  # type: ignore[untyped-decorator]
    def graph(
        model: Input(type=types["model"]),  # type: ignore[valid-type]
        evaluation: Input(type=types["evaluation"]),  # type: ignore[valid-type]
        verdict: Input(type=types["verdict"]),  # type: ignore[valid-type]
        provenance: Input(type=types["provenance"]),  # type: ignore[valid-type]
        serving: Input(type=types["serving"]),  # type: ignore[valid-type]
    ) -> dict[str, Any]:
        node = register(
            model=model,
            evaluation=evaluation,
            verdict=verdict,
            provenance=provenance,
            serving=serving,
            run=run,
            model_name=model_name,
        )
        node.name = "register"
        return {"registration": node.outputs.registration}

    return graph(**{name: Input(type=types[name], path=place) for name, place in inputs.items()})
