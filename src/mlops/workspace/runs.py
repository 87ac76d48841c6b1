"""Runs of a workspace: waiting for one, and reading what it made."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, RunFailed
from .connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

TERMINAL = ("Completed", "Failed", "Canceled", "NotResponding", "Paused")
POLL_SECONDS = 1.0
Report = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """A step of a run as it is now."""

    id: str
    name: str
    status: str
    reused: bool
    source: str
    """The id of the run that holds its files: its own, or that of the run it was reused from."""


def text_of(value: Any) -> str:
    """A status as text: some of the SDK's classes give an enumeration."""
    return str(getattr(value, "value", value))


def status_of(job: Any) -> str:
    """A job's status."""
    return text_of(job.status)


def job_of(client: MLClient, name: str) -> Any:
    """A run. Raises BadInput for an unknown one."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            return client.jobs.get(name)
        except ResourceNotFoundError as error:
            raise BadInput(f"there is no job {name}", "mlops status lists the last ones") from error


def steps_of(client: MLClient, job: str) -> list[Step]:
    """The steps of a pipeline run."""
    with sdk():
        children = list(client.jobs.list(parent_job_name=job))
    steps = []
    for child in children:
        properties = child.properties or {}
        source = properties.get("azureml.reusedrunid")
        steps.append(
            Step(
                str(child.name),
                str(child.display_name),
                status_of(child),
                bool(source),
                str(source or child.name),
            )
        )
    return steps


def wait(client: MLClient, job: str, report: Report) -> str:
    """Follow a run until it ends, say each change of a step, and return its final status.

    It polls and reads the status itself: `jobs.stream` returns quietly for a run that was cancelled.
    """
    known: dict[str, str] = {}
    began = time.monotonic()
    while True:
        with sdk():
            status = status_of(client.jobs.get(job))
        for step in steps_of(client, job):
            word = "reused" if step.reused and step.status == "Completed" else step.status.lower()
            if known.get(step.id) != word:
                known[step.id] = word
                report(f"{time.monotonic() - began:6.1f} s  {step.name}: {word}")
        if status in TERMINAL:
            return status
        time.sleep(POLL_SECONDS)


def cancel(client: MLClient, job: str, report: Report) -> str:
    """End a run, wait until it has ended, and return its status; empty where there is no such run."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            status = status_of(client.jobs.get(job))
        except ResourceNotFoundError:
            return ""
        if status not in TERMINAL:
            client.jobs.begin_cancel(job)
    return status if status in TERMINAL else wait(client, job, report)


def read_output(client: MLClient, job: str, output: str, file: str) -> Any:
    """A JSON document of one of a job's outputs.

    Raises BadInput for an unknown job, RunFailed where the output lacks the file.
    """
    job_of(client, job)
    with tempfile.TemporaryDirectory() as folder:
        with sdk():
            client.jobs.download(job, download_path=folder, output_name=output)
        found = Path(folder) / "named-outputs" / output / file
        # The SDK downloads nothing, and says nothing, where an output is missing.
        if not found.is_file():
            raise RunFailed(f"the run {job} has no {file} in its output {output}")
        return json.loads(found.read_text())


def data_of(client: MLClient, job: str) -> str:
    """The data asset that a training run was given, `NAME:VERSION`."""
    with sdk():
        value = client.jobs.get(job).inputs["data"]
    parts = str(getattr(value, "path", value)).split("/")
    # an ARM id ends with data/NAME/versions/VERSION
    return f"{parts[-3]}:{parts[-1]}" if parts[-2:-1] == ["versions"] else parts[-1].removeprefix("azureml:")
