"""Training: prepare, one step a model family side by side, evaluate, gate, and (if asked) register."""

# No `from __future__ import annotations` here: azure-ai-ml reads the pipeline's annotations as values.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob

ROOT = Path(__file__).resolve().parent.parent
STEP_ENVIRONMENTS = {
    "prepare": "train",
    "train": "train",
    "evaluate": "train",
    "gate": "register",
    "register": "register",
}
"""Which folder of `environments/` a component runs in."""


@dataclass(frozen=True)
class Windows:
    """The protocol of training and test: days, and where it begins (empty: as late as the data allow)."""

    train_start: str
    train_days: int
    delay_days: int
    test_days: int

    def inputs(self) -> dict[str, Any]:
        """The windows as inputs of a component; an optional one that is empty is left out."""
        values: dict[str, Any] = {
            "train_days": self.train_days,
            "delay_days": self.delay_days,
            "test_days": self.test_days,
        }
        return {**values, "train_start": self.train_start} if self.train_start else values


def component(name: str, environments: Mapping[str, str]) -> Any:
    """A component of `components/`, to be called in a graph, in the environment that it runs in."""
    from azure.ai.ml import load_component

    environment = environments[STEP_ENVIRONMENTS[name]]
    source = ROOT / "components" / name / "component.yml"
    return load_component(source=str(source), params_override=[{"environment": environment}])


def training(
    *,
    transactions: str,
    policy: Path,
    provenance: Path,
    environments: Mapping[str, str],
    compute: str,
    families: Sequence[str],
    windows: Windows,
    seed: int,
    freshness: Mapping[str, Any],
    timeout_seconds: int,
    model_name: str = "",
) -> "PipelineJob":
    """The training pipeline, ready to be submitted.

    `transactions` is a data asset, `azureml:NAME:VERSION`; `policy` and `provenance` are local files;
    `environments` maps the folders of `environments/` to `azureml:NAME:VERSION`; `freshness` holds max_age_days
    and as_of where they are to be checked. With `model_name` the last step registers the model under it.
    """
    from azure.ai.ml import Input, dsl

    def limited(node: Any, name: str) -> Any:
        node.name = name
        node.set_limits(timeout=timeout_seconds)
        return node

    steps = {name: component(name, environments) for name in STEP_ENVIRONMENTS}

    @dsl.pipeline(default_compute=compute, display_name="training")  # type: ignore[untyped-decorator]
    def graph(
        data: Input(type="uri_folder"),  # type: ignore[valid-type]
        gate_policy: Input(type="uri_file"),  # type: ignore[valid-type]
        provenance: Input(type="uri_file"),  # type: ignore[valid-type]
    ) -> dict[str, Any]:
        prepared = limited(steps["prepare"](transactions=data, **freshness), "prepare")
        candidates = {}
        for number, family in enumerate(families, start=1):
            node = steps["train"](features=prepared.outputs.features, family=family, seed=seed, **windows.inputs())
            candidates[f"candidate_{number}"] = limited(node, f"train_{family}").outputs.model
        evaluated = limited(
            steps["evaluate"](features=prepared.outputs.features, **candidates, **windows.inputs()), "evaluate"
        )
        gate = limited(steps["gate"](evaluation=evaluated.outputs.evaluation, policy=gate_policy), "gate")
        outputs = {
            "validation": prepared.outputs.validation,
            "evaluation": evaluated.outputs.evaluation,
            "model": evaluated.outputs.model,
            "verdict": gate.outputs.verdict,
        }
        if model_name:
            node = steps["register"](
                model=evaluated.outputs.model,
                evaluation=evaluated.outputs.evaluation,
                verdict=gate.outputs.verdict,
                provenance=provenance,
                model_name=model_name,
            )
            outputs["registration"] = limited(node, "register").outputs.registration
        return outputs

    return graph(
        data=Input(type="uri_folder", path=transactions),
        gate_policy=Input(type="uri_file", path=str(policy)),
        provenance=Input(type="uri_file", path=str(provenance)),
    )


def registration(
    *, run: str, outputs: Mapping[str, str], environments: Mapping[str, str], compute: str, model_name: str
) -> "PipelineJob":
    """The last step of training alone, for a run that did not register: ready to be submitted.

    `outputs` are the places of that run's model, evaluation, verdict and provenance, `azureml://…`.
    """
    from azure.ai.ml import Input, dsl

    register = component("register", environments)
    types = {name: each.type for name, each in register.inputs.items() if name in outputs}

    @dsl.pipeline(default_compute=compute, display_name="registration")  # type: ignore[untyped-decorator]
    def graph() -> dict[str, Any]:
        given = {name: Input(type=types[name], path=place) for name, place in outputs.items()}
        node = register(**given, run=run, model_name=model_name)
        node.name = "register"
        return {"registration": node.outputs.registration}

    return graph()
