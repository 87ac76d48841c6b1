"""What the trials of a sweep have come to: their scores, the best of them, and its outputs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...arm.errors import BadRequest
from ...runs.references import locate
from ...runs.run import Run
from ...steps.bindings import Value
from ...steps.rights import step_refusal
from ...tracking.servers import TrackingServers
from .space import Values
from .study import Study


@dataclass
class Results:
    """The scores of a sweep's trials, of which higher is better; those of one that has ended are read once."""

    run: Run
    study: Study
    _known: dict[str, list[float]] = field(default_factory=dict)

    def logged(self, trial: Run) -> list[float]:
        """What a trial has logged of the primary metric, in order."""
        if trial.id not in self._known:
            ended, tracking = trial.ended, self.run.context.part(TrackingServers)
            values = tracking.metric(self.run.workspace, trial.id, self.study.metric)
            logged = [self.study.score(value) for value in values]
            if not ended:
                return logged
            self._known[trial.id] = logged
        return self._known[trial.id]

    def completed(self) -> list[Run]:
        return [trial for trial in self.run.children() if trial.status == "Completed"]

    def seen(self) -> list[tuple[Values, float]]:
        """The points of the trials that completed, with their scores."""
        return [(trial.record()["values"], max(logged)) for trial, logged in self._scored()]

    def best(self) -> Run | None:
        """The completed trial with the best value that any logged at any time; of equals the first."""
        return max(self._scored(), key=lambda each: max(each[1]), default=(None, []))[0]

    def _scored(self) -> list[tuple[Run, list[float]]]:
        return [(trial, logged) for trial in self.completed() if (logged := self.logged(trial))]

    def note_best(self) -> None:
        """Names and values as run history showed them of sweeps that ended, 2020 to 2024."""
        if best := self.best():
            noted = {
                "best_child_run_id": best.id,
                "score": str(self.study.score(max(self.logged(best)))),
                "best_metric_status": "Succeeded",
                "best_data_container_id": f"dcid.{best.id}",
            }
            self.run.note(properties={**self.run.record()["properties"], **noted})


def hand_on(run: Run, best: Run, places: Mapping[str, Value], asked: Mapping[str, bool]) -> None:
    """Make the outputs of the best trial those of the sweep: where they are, or copied to where it was asked.

    Raises BadRequest for a place where the sweep's cluster may not write.
    """
    outputs = dict(best.record()["outputs"])
    for name, place in places.items():
        if not asked.get(name):
            continue
        target = locate(run.context, run.workspace, place.text)
        if refusal := step_refusal(run.context, run, target.container, "write"):
            raise BadRequest(f"Output {name}: {refusal}")
        source = locate(run.context, run.workspace, outputs[name]["uri"]).on_disk(run.context)
        _copy(source, target.on_disk(run.context))
        outputs[name] = {"uri": place.text, "type": place.type}
    run.note(outputs=outputs)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, which may hold something already; what a trial has not written is left out."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        shutil.copy2(source, target)
