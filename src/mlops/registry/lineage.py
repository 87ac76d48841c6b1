"""What a version remembers: its lineage, a document of schema lineage/1, made from the documents of its run.

The documents of the domain (training.json in the model's folder, evaluation.json) are kept as they are; what a
domain does not write is missing here, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL_FILE = "MLmodel"
TRAINING = "training.json"
ACCEPT, NEEDS_APPROVAL, DRY_RUN = "accept", "needs-approval", "dry_run"
LONGEST = 256
"""Characters that the value of a tag may have."""


@dataclass(frozen=True)
class Evidence:
    """The documents of a run that a version is made from."""

    evaluation: dict[str, Any]
    verdict: dict[str, Any]
    provenance: dict[str, Any]
    training: dict[str, Any]
    artifact: dict[str, Any]

    @property
    def metrics(self) -> dict[str, float]:
        """What the candidate reached on the test rows; what could not be measured is left out."""
        values = self.evaluation["candidate"]["values"]
        return {name: value for name, value in values.items() if value is not None}

    @property
    def lets_pass(self) -> bool:
        """Whether the gate's verdict lets it be registered: by itself, by a person's approval, or in a dry run."""
        decision, approved = self.verdict["decision"], bool(self.verdict["approval"])
        return decision == ACCEPT or (decision == NEEDS_APPROVAL and approved) or self.verdict["mode"] == DRY_RUN

    def facts(self) -> dict[str, str]:
        """The short facts that a version carries as tags.

        Digests, commits and seeds say what they are: none could be taken for a metric.
        """
        by, code, data = (self.provenance[part] for part in ("by", "code", "data"))
        workflow, approval = by["workflow"] or {}, self.verdict["approval"] or {}
        said = {
            "by": by["name"],
            "actor": workflow.get("actor"),
            "workflow": workflow.get("run"),
            "commit": code["commit"] and f"git:{code['commit']}",
            "dirty": str(code["dirty"]).lower(),
            "data": f"{data['name']}:{data['version']}",
            "data_content": _digest(data.get("content_sha256")),
            "features": _digest(self.training.get("features_sha256")),
            "artifact": _digest(self.artifact["sha256"]),
            "machine": _digest(fingerprint(self.training.get("machine"))),
            "family": self.evaluation["selected"],
            "champion": self.verdict["champion"],
            "verdict": self.verdict["decision"],
            "gate": self.verdict["mode"],
            "approved_by": approval.get("who"),
            "approved_at": approval.get("when"),
            "approved_because": approval.get("why"),
        }
        metrics = {name: f"{value:.6f}" for name, value in self.metrics.items()}
        return {name: str(value)[:LONGEST] for name, value in {**said, **metrics}.items() if value}

    def lineage(self, registration: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
        """The whole memory of a version: `run` is what the service says of the run and its steps."""
        return {
            "schema": "lineage/1",
            "name": registration["name"],
            "version": registration["version"],
            "run": dict(run),
            "provenance": self.provenance,
            "training": self.training,
            "evaluation": self.evaluation,
            "gate": self.verdict,
            "artifact": self.artifact,
        }


def evidence(model: Path, evaluation: Path, verdict: Path, provenance: Path) -> Evidence:
    """The documents in the outputs of a run: three folders, and the file of its provenance."""
    training = model / TRAINING
    return Evidence(
        read(evaluation / "evaluation.json"),
        read(verdict / "gate.json"),
        read(provenance),
        read(training) if training.is_file() else {},
        artifact(model),
    )


def artifact(model: Path) -> dict[str, Any]:
    """What the model's folder holds, with the SHA-256 of every file.

    `sha256` is that of the file which answers requests: it alone is the model, MLflow writes times and random ids
    beside it. `folder_sha256` is over the names and checksums of all files.
    """
    import yaml

    described = yaml.safe_load((model / MODEL_FILE).read_text(encoding="utf-8"))
    flavours: dict[str, dict[str, Any]] = described["flavors"]
    name, flavour = next((n, f) for n, f in flavours.items() if n != "python_function")
    files = {
        path.relative_to(model).as_posix(): sha256(path) for path in sorted(model.rglob("*")) if path.is_file()
    }
    listed = "".join(f"{file}\0{digest}\n" for file, digest in files.items())
    return {
        "file": flavour["data"],
        "sha256": files[flavour["data"]],
        "bytes": (model / flavour["data"]).stat().st_size,
        "folder_sha256": hashlib.sha256(listed.encode()).hexdigest(),
        "files": files,
        "framework": {"flavour": name, "version": str(flavour.get(f"{name}_version", ""))},
        "signature": described.get("signature"),
    }


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def fingerprint(machine: Mapping[str, Any] | None) -> str | None:
    """One digest for the machine that a training describes: equal for machines that compute alike."""
    return hashlib.sha256(json.dumps(machine, sort_keys=True).encode()).hexdigest() if machine else None


def read(path: Path) -> dict[str, Any]:
    """A JSON document."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _digest(value: str | None) -> str | None:
    return value and f"sha256:{value}"
