"""The documents of a run in a folder: what a workflow keeps, and what a comment on a pull request is made from."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..workspace import runs
from ..workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SCHEMA = "run/1"
RUN = "run.json"
EVALUATION, VERDICT = "evaluation.json", "gate.json"
WRITTEN = {"evaluation": (EVALUATION,), "verdict": (VERDICT, "gate.xml", "report.html")}
"""The outputs of a training run, and what of them is kept."""


def write(client: MLClient, target: str, job: str, folder: Path) -> None:
    """run.json (schema run/1), and what the run has written so far. Raises BadInput for an unknown run."""
    found = runs.job_of(client, job)
    steps = [_step(child) for child in _children(client, job)]
    document = {
        "schema": SCHEMA,
        "target": target,
        "job": job,
        "status": runs.status_of(found),
        "link": str(getattr(found, "studio_url", "") or ""),
        "steps": steps,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUN).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for output, names in WRITTEN.items():
        with tempfile.TemporaryDirectory() as place:
            with sdk():
                client.jobs.download(job, download_path=place, output_name=output)
            for name in names:
                # The SDK downloads nothing, and says nothing, where a run did not come so far.
                written = Path(place) / "named-outputs" / output / name
                if written.is_file():
                    (folder / name).write_bytes(written.read_bytes())


def _children(client: MLClient, job: str) -> list[Any]:
    with sdk():
        return list(client.jobs.list(parent_job_name=job))


def _step(child: Any) -> dict[str, Any]:
    """A step, and the seconds that it took: 0 where it was reused, None where the service says no times."""
    properties = child.properties or {}
    began, ended = (properties.get(name) for name in ("StartTimeUtc", "EndTimeUtc"))
    reused = bool(properties.get("azureml.reusedrunid"))
    took = (_moment(ended) - _moment(began)).total_seconds() if began and ended else None
    seconds = 0.0 if reused else took
    return {
        "step": str(child.display_name),
        "status": runs.status_of(child),
        "reused": reused,
        "seconds": seconds,
    }


def _moment(text: str) -> datetime:
    """A moment as the service writes it in a run's properties, `2023-10-31 04:13:13`, in UTC."""
    return datetime.fromisoformat(text)
