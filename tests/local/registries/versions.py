"""Versions as the step that registers makes them, small: a model, its bundle, the tag that binds both."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops.registry.bundle import RELEASE, keep, tagged
from mlops.registry.lineage import sha256
from mlops.release.bundle import Bundle, read
from tests.emulator import fresh
from tests.local.serving import serving_environment

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SCORE = """
import json, os, pathlib

def init():
    global BIAS
    BIAS = json.loads(next(pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("model.json")).read_text())["bias"]

def run(text):
    return {"scores": [row["x"] + BIAS for row in json.loads(text)["data"]]}
"""
REQUEST = {"data": [{"x": 1.0}]}


@dataclass
class Made:
    """A model that no other test has, in a workspace."""

    client: MLClient
    folder: Path
    name: str = field(default_factory=lambda: fresh("model"))

    def version(self, number: int = 1, bias: float = 0.5) -> Bundle:
        """Register a version, and read its bundle."""
        from azure.ai.ml.entities import Model

        here = self.folder / fresh("v")
        model, folder = here / "model", here / "bundle"
        (folder / "code").mkdir(parents=True)
        model.mkdir()
        (model / "model.json").write_text(json.dumps({"bias": bias}))
        (folder / "code" / "score.py").write_text(SCORE)
        examples = {"schema": "examples/1", "request": REQUEST, "answer": {"scores": [1.0 + bias]}}
        _write(folder / "examples.json", examples)
        environment = self.client.environments.create_or_update(serving_environment())
        document = {
            "schema": "release-bundle/1",
            "model": self.name,
            "version": number,
            "artifact": _artifact(model),
            "scoring": {"script": "score.py", "files": {"score.py": sha256(folder / "code" / "score.py")}},
            "environment": {"name": environment.name, "version": environment.version, "digest": "d"},
            "requests": {"timeout_ms": 5000, "max_concurrent": 8, "workers": 1},
            "instances": {"local": {"type": "Standard_F1s", "count": 1}},
            "contract": {},
            "verdict": "accept",
            "commit": "c" * 40,
            "dirty": False,
            "documents": {"examples.json": sha256(folder / "examples.json")},
        }
        _write(folder / "release.json", document)
        digest = sha256(folder / "release.json")
        keep(self.client, folder, self.name, number, digest)
        tags = {RELEASE: tagged(digest)}
        self.client.models.create_or_update(Model(name=self.name, version=str(number), path=str(model), tags=tags))
        (here / "read").mkdir()
        return read(self.client, self.name, number, here / "read")


def _artifact(folder: Path) -> dict[str, Any]:
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*"))}
    listed = "".join(f"{file}\0{digest}\n" for file, digest in files.items())
    return {
        "sha256": files["model.json"],
        "folder_sha256": hashlib.sha256(listed.encode()).hexdigest(),
        "files": files,
    }


def _write(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, sort_keys=True))
