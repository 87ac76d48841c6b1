"""Whether two trainings came to the same: step by step, with what their machines allow to be claimed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..registry.lineage import TRAINING, artifact, fingerprint, read
from ..workspace.connect import sdk
from ..workspace.runs import read_output

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

IDENTICAL, CLOSE, DIFFERENT = "identical", "equal within tolerance", "different"
TOLERANCE = 1e-5
"""Two metrics that differ by no more are taken for the same number, as everywhere in delivery."""


@dataclass(frozen=True)
class Made:
    """What a training made: the documents of its model and of its evaluation, and the model's checksums."""

    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    artifact: Mapping[str, Any]

    @classmethod
    def of(cls, lineage: Mapping[str, Any]) -> Made:
        """What a version remembers of it."""
        return cls(lineage["training"], lineage["evaluation"], lineage["artifact"])

    @property
    def candidates(self) -> dict[str, Mapping[str, float]]:
        """The metrics of each candidate on the test rows, by its name."""
        return {each["name"]: each["metrics"] for each in self.evaluation["candidates"]}


def made_of(client: MLClient, evaluated: str) -> Made:
    """What the step `evaluate` of a run, a job, left behind."""
    evaluation = read_output(client, evaluated, "evaluation", "evaluation.json")
    with tempfile.TemporaryDirectory() as folder:
        with sdk():
            client.jobs.download(evaluated, download_path=folder, output_name="model")
        model = Path(folder) / "named-outputs" / "model"
        training = model / TRAINING
        return Made(read(training) if training.is_file() else {}, evaluation, artifact(model))


def judge(before: Made, again: Made, packages: Sequence[str] = ()) -> dict[str, Any]:
    """The verdict: `steps` with what became of each, `first` the first that differs, and what may be claimed.

    `packages` are those that the locks of the two differ in.
    """
    steps = list(_steps(before, again))
    differing = [step["step"] for step in steps if step["outcome"] != IDENTICAL]
    if before.artifact["sha256"] == again.artifact["sha256"]:
        verdict = IDENTICAL
    else:
        verdict = DIFFERENT if any(step["outcome"] == DIFFERENT for step in steps) else CLOSE
    return {
        "verdict": verdict,
        "first": differing[0] if differing else None,
        "steps": steps,
        "artifact": {"before": before.artifact["sha256"], "again": again.artifact["sha256"]},
        "machine": machine(before.training, again.training, packages),
    }


def _steps(before: Made, again: Made) -> Iterator[dict[str, Any]]:
    """The steps in their order. Between equal and different lies a model whose every metric is the same."""
    features = tuple(str(made.training.get("features_sha256")) for made in (before, again))
    same = features[0] == features[1]
    yield _step("prepare", "features", features[0], features[1], IDENTICAL if same else DIFFERENT)
    for name, metrics in before.candidates.items():
        outcome = _alike(metrics, again.candidates.get(name))
        if name == before.evaluation["selected"]:
            files = before.artifact["sha256"], again.artifact["sha256"]
            same = files[0] == files[1]
            # equal metrics do not make an unequal file the same one
            outcome = IDENTICAL if same else CLOSE if outcome == IDENTICAL else outcome
            yield _step(f"train_{name}", before.artifact["file"], *files, outcome)
        else:
            yield _step(f"train_{name}", "metrics", _said(metrics), _said(again.candidates.get(name)), outcome)
    selected = before.evaluation["selected"], again.evaluation["selected"]
    chosen = IDENTICAL if selected[0] == selected[1] else DIFFERENT
    yield _step("evaluate", "selected", *selected, chosen)


def _step(step: str, output: str, before: str, again: str, outcome: str) -> dict[str, Any]:
    return {"step": step, "output": output, "before": before, "again": again, "outcome": outcome}


def _alike(before: Mapping[str, float], again: Mapping[str, float] | None) -> str:
    """Whether two sets of metrics are the same."""
    if again is None or before.keys() != again.keys():
        return DIFFERENT
    if dict(before) == dict(again):
        return IDENTICAL
    apart = (abs((before[name] or 0) - (again[name] or 0)) for name in before)
    return CLOSE if max(apart) <= TOLERANCE else DIFFERENT


def _said(metrics: Mapping[str, float] | None) -> str:
    return ", ".join(f"{name} {value:.6f}" for name, value in (metrics or {}).items() if value is not None)


def machine(before: Mapping[str, Any], again: Mapping[str, Any], packages: Sequence[str]) -> dict[str, Any]:
    """Whether both were trained on machines that compute alike, and with the same libraries.

    Only then are equal bits to be expected: LightGBM for one is exact on one kind of machine and on no other.
    """
    differs = sorted(
        name
        for part in ("machine", "versions")
        for name in {*before.get(part, {}), *again.get(part, {})}
        if before.get(part, {}).get(name) != again.get(part, {}).get(name)
    )
    differs += [package for package in packages if package.partition(" ")[0] not in differs]
    known = fingerprint(before.get("machine")) is not None
    return {"known": known, "same": known and not differs, "differs": differs}
