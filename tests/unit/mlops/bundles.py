"""A release bundle as the step that registers lays it out, of a small model that nobody trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlops.registry.bundle import CODE, SERVING_FILE, lay, tagged
from mlops.registry.lineage import Evidence, sha256
from mlops.release.bundle import Bundle, opened

from .evidence import evaluation

SIGNATURE = {"inputs": '[{"type": "double", "name": "amount", "required": true}]'}
ARTIFACT = {
    "file": "model.onnx",
    "sha256": "a" * 64,
    "bytes": 3,
    "folder_sha256": "b" * 64,
    "files": {"model.onnx": "a" * 64},
    "framework": {"flavour": "onnx", "version": "1"},
    "signature": SIGNATURE,
}
PROVENANCE = {
    "by": {"name": "Someone", "workflow": None},
    "code": {"commit": "c" * 40, "dirty": False},
    "data": {"name": "landed", "version": "3", "content_sha256": "d" * 64},
    "submitted": "2026-01-01T00:00:00+00:00",
}
VERDICT = {"decision": "accept", "mode": "enforce", "approval": None, "champion": None, "reasons": []}
EXAMPLES = {"schema": "examples/1", "request": {"data": [{"amount": 1.5}]}, "answer": {"scores": [0.25]}}
PROBES = {
    "schema": "probes/1",
    "decide": {"path": "scores", "above": 0.5},
    "probes": [
        {"request": {"data": [{"amount": 1.0}]}, "answer": {"scores": [0.25]}, "weight": 9.0},
        {"request": {"data": [{"amount": 2.0}]}, "answer": {"scores": [0.75]}},
    ],
}
SCRIPT = "def init() -> None: ...\n"


def serving(folder: Path, script: str = SCRIPT, **parts: Any) -> Path:
    """What was pinned when the run was submitted."""
    code = folder / CODE
    (code / "inner").mkdir(parents=True)
    (code / "score.py").write_text(script)
    (code / "inner" / "__init__.py").write_text("")
    document = {
        "schema": "serving/1",
        "scoring": {
            "script": "score.py",
            "files": {name: sha256(code / name) for name in ("score.py", "inner/__init__.py")},
        },
        "environment": {"name": "fraud-serve", "version": "0123456789ab", "digest": "e" * 64},
        "requests": {"timeout_ms": 5000, "max_concurrent": 8, "workers": 1},
        "instances": {"prod": {"type": "Standard_DS3_v2", "count": 2}},
        **parts,
    }
    (folder / SERVING_FILE).write_text(json.dumps(document))
    return folder


def laid(folder: Path, *, files: dict[str, Any] | None = None, **parts: Any) -> tuple[Path, str]:
    """A bundle of version 7 in a folder of its own, and the tag of its version."""
    given = folder / "evaluation"
    given.mkdir()
    for name, document in (
        files if files is not None else {"examples.json": EXAMPLES, "probes.json": PROBES}
    ).items():
        (given / name).write_text(json.dumps(document))
    evidence = Evidence(evaluation(), VERDICT, PROVENANCE, {}, ARTIFACT)
    bundle = folder / "bundle"
    bundle.mkdir()
    digest = lay(
        bundle,
        name="fraud",
        version=7,
        serving=serving(folder / "serving", **parts),
        evaluation=given,
        evidence=evidence,
        memory=evidence.lineage({"name": "fraud", "version": 7}, {"name": "run"}),
    )
    return bundle, tagged(digest)


def bundle_of(folder: Path, **parts: Any) -> Bundle:
    """The same, read back."""
    path, tag = laid(folder, **parts)
    return opened(path, "fraud", 7, tag)
