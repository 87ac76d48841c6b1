"""The components as their files say, with one input for each thing that a graph hands them."""

# No `from __future__ import annotations` here: azure-ai-ml reads annotations as values.
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TYPES = {bool: "string", int: "integer", float: "number", str: "string"}
"""What a value is called as an input of a component. A truth is a text: a boolean becomes 1 or True on its way."""


class NameTakenError(ValueError):
    """A parameter has the name of an input that the component has itself."""


@dataclass(frozen=True)
class Repeated:
    """An input that a component's file declares once and that stands for any number of them.

    `inputs` maps their names to their types; `word` is what follows the option for each, its name in place of {}.
    """

    inputs: Mapping[str, str]
    word: str = "${{{{inputs.{0}}}}}"


def candidates(number: int) -> Repeated:
    """The inputs candidate_1 to candidate_n of the component evaluate."""
    return Repeated({f"candidate_{index}": "mlflow_model" for index in range(1, number + 1)})


def parameters(values: Mapping[str, Any]) -> Repeated:
    """An input of the component train for each parameter of a model family: `--set NAME=VALUE`."""
    return Repeated({name: TYPES[type(value)] for name, value in values.items()}, "{0}=${{{{inputs.{0}}}}}")


def words(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the inputs of `parameters` take them."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}


@dataclass(frozen=True)
class Resources:
    """Where a step runs, if not where the others do, and by how many processes of how many instances.

    `distribution` (pytorch, mpi, tensorflow) is what tells them of each other; empty: there is one process.
    """

    compute: str = ""
    distribution: str = ""
    instances: int = 1
    processes: int = 1

    def of_component(self) -> dict[str, Any]:
        """What a component says of it, in the words of Azure ML's YAML."""
        if not self.distribution:
            return {}
        count = {"process_count_per_instance": self.processes}
        if self.distribution == "tensorflow":
            count = {"worker_count": self.instances * self.processes}
        return {
            "distribution": {"type": self.distribution, **count},
            "resources": {"instance_count": self.instances},
        }


ONE = Resources()
"""One process, where the others run."""


@dataclass(frozen=True)
class Components:
    """The folder of components; `environments` maps those of `environments/` to `azureml:NAME:VERSION`."""

    environments: Mapping[str, str]
    root: Path = field(default=ROOT / "components")

    def load(self, name: str, environment: str, on: Resources = ONE, **repeated: Repeated) -> Any:
        """A component that runs in an environment, ready to be a node. Raises NameTakenError."""
        from azure.ai.ml import load_component

        file = self.root / name / "component.yml"
        changed = {"environment": self.environments[environment], **on.of_component(), **expanded(file, repeated)}
        return load_component(source=str(file), params_override=[changed])


def expanded(file: Path, repeated: Mapping[str, Repeated]) -> dict[str, Any]:
    """`inputs` and `command` of a component's file with each repeated input, and its option, in full."""
    import yaml

    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    inputs, command = dict(document["inputs"]), document["command"]
    for slot, each in repeated.items():
        declared = {key: value for key, value in inputs.pop(slot).items() if key not in ("type", "optional")}
        if twice := sorted(each.inputs.keys() & inputs.keys()):
            raise NameTakenError(f"the component {file.parent.name} has an input {twice[0]} of its own")
        inputs |= {name: {**declared, "type": type_} for name, type_ in each.inputs.items()}
        found = re.search(rf"(?:\$\[\[)?(--[\w-]+) \$\{{\{{inputs\.{slot}\}}\}}(?:\]\])?", command)
        if found is None:
            raise ValueError(f"the command of the component {file.parent.name} has no option for {slot}")
        options = (f"{found[1]} {each.word.format(name)}" for name in each.inputs)
        command = " ".join(command.replace(found[0], " ".join(options)).split())
    return {"inputs": inputs, "command": command}
