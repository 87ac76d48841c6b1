"""Versions of a small model, made by the step that registers, with their release bundles; nothing is trained."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml_local.server.pytest_plugin import fresh, variables
from mlops import config, serving
from mlops.registry.__main__ import main
from mlops.workspace import environments
from tests.emulator import REPOSITORY, ended
from tests.local.steps import job, pipeline, python
from tests.unit.mlops.bundles import PROVENANCE, VERDICT
from tests.unit.mlops.evidence import evaluation

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL = {
    "MLmodel": """\
flavors:
  onnx: {data: model.onnx, onnx_version: '1'}
signature:
  inputs: '[{"name": "amount", "type": "double", "required": true}]'
""",
    "model.onnx": "no network, but bytes\n",
}
SCORE = """\
import json

def init():
    pass

def run(text):
    return {{"scores": [{factor} * row["amount"] for row in json.loads(text)["data"]]}}
"""
"""A scoring script: the score of a row is `factor` times its amount."""
COPY = (
    "import shutil, sys; [shutil.copytree(*pair, dirs_exist_ok=True) for pair in zip(*[iter(sys.argv[1:])] * 2)]"
)


@dataclass(frozen=True)
class Registered:
    """A project in a folder, a run of it that evaluated the model, and the name that its versions get."""

    client: MLClient
    root: Path
    run: str
    name: str = "small"

    @classmethod
    def begun(cls, client: MLClient, root: Path) -> Registered:
        """Make the project, and run the step that evaluates."""
        from azure.ai.ml import Input, Output

        text = (REPOSITORY / config.FILE).read_text()
        root.mkdir(exist_ok=True)
        (root / config.FILE).write_text(text.replace("src/fraud/serving/score.py", "scoring/score.py"))
        shutil.copytree(REPOSITORY / "environments" / "serve", root / "environments" / "serve")
        (root / "scoring").mkdir()
        found = cls(client, root, "")
        found.scores(0.5)
        made = {"model": MODEL, "evaluation": _evaluated(0.5)}
        for folder, files in made.items():
            _written(root / folder, files)
        _written(root, {"provenance.json": json.dumps(PROVENANCE)})
        command = python(COPY, *(f"${{{{inputs.{name}}}}} ${{{{outputs.{name}}}}}" for name in made))
        step = job(
            command,
            inputs={name: Input(type="uri_folder", path=str(root / name)) for name in made},
            outputs={"model": Output(type="mlflow_model"), "evaluation": Output(type="uri_folder")},
        )

        def graph(provenance):  # type: ignore[no-untyped-def]  # the SDK reads annotations as values
            del provenance
            evaluate = step()
            evaluate.name = "evaluate"

        given = Input(type="uri_file", path=str(root / "provenance.json"))
        submitted = client.jobs.create_or_update(pipeline(graph, given))
        assert ended(client, submitted.name).status == "Completed"
        return cls(client, root, str(submitted.name))

    def copied(self, root: Path, **settings: str) -> Registered:
        """The same run, and a copy of the project whose versions get a name of their own.

        `settings` replace texts of its mlops.toml.
        """
        shutil.copytree(self.root, root)
        found = replace(self, root=root, name=fresh("small"))
        found.edit(**{'model = "fraud"': f'model = "{found.name}"', **settings})
        environments.ensure(self.client, found.config, {serving.FOLDER})
        return found

    def edit(self, **settings: str) -> None:
        """Replace texts of mlops.toml."""
        file = self.root / config.FILE
        text = file.read_text()
        for before, after in settings.items():
            assert before in text, before
            text = text.replace(before, after)
        file.write_text(text)

    @property
    def config(self) -> config.Config:
        return config.load(self.root / config.FILE)

    def scores(self, factor: float) -> None:
        """Change the scoring script of the working tree."""
        (self.root / "scoring" / "score.py").write_text(SCORE.format(factor=factor))

    def register(self, factor: float = 0.5, *, probes: bool = True) -> dict[str, Any]:
        """Register what is in the folder now, whose examples are answered with `factor`: registration.json."""
        folder = self.root / fresh("outputs")
        _written(folder / "evaluation", _evaluated(factor, probes=probes))
        _written(folder / "verdict", {"gate.json": json.dumps(VERDICT)})
        step = {
            "AZUREML_ARM_SUBSCRIPTION": self.client.subscription_id,
            "AZUREML_ARM_RESOURCEGROUP": self.client.resource_group_name,
            "AZUREML_ARM_WORKSPACE_NAME": self.client.workspace_name,
            "AZUREML_ROOT_RUN_ID": self.run,
        }
        given = {
            "model": self.root / "model",
            **{name: folder / name for name in ("evaluation", "verdict", "registration")},
            "provenance": self.root / "provenance.json",
        }
        with serving.pinned(self.config) as pinned, variables(**step):
            words = [
                word for name, path in {**given, "serving": pinned}.items() for word in (f"--{name}", str(path))
            ]
            assert main([*words, "--model-name", self.name]) == 0
        document: dict[str, Any] = json.loads((folder / "registration" / "registration.json").read_text())
        return document


def _evaluated(factor: float, *, probes: bool = True) -> dict[str, str]:
    """The files of an evaluation whose model gives `factor` times the amount."""
    found: dict[str, Any] = {
        "evaluation.json": evaluation(),
        "examples.json": {"schema": "examples/1", **_probe(factor, 1.0, 3.0)},
    }
    if probes:
        found["probes.json"] = {
            "schema": "probes/1",
            "decide": {"path": "scores", "above": 5.0 * factor},
            "probes": [_probe(factor, float(amount)) for amount in range(10)],
        }
    return {name: json.dumps(document) for name, document in found.items()}


def _probe(factor: float, *amounts: float) -> dict[str, Any]:
    return {
        "request": {"data": [{"amount": amount} for amount in amounts]},
        "answer": {"scores": [factor * amount for amount in amounts]},
    }


def _written(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)
