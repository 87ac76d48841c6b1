"""Runs of a workspace: waiting for one, and reading what it made."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, RunFailed
from .connect import first_line, sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

TERMINAL = ("Completed", "Failed", "Canceled", "NotResponding", "Paused")
POLL_SECONDS = 1.0
Report = Callable[[str], None]
EXITED = r"{step}: Execution failed\. User process '[^']*' exited with status code (-?\d+)"
KILLED = (137, 143, -9, -15)
"""Exit codes of a process that SIGKILL or SIGTERM ended."""


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


def read_output(client: MLClient, job: str, output: str, file: str) -> Any:
    """A JSON document of one of a job's outputs.

    Raises BadInput for an unknown job, RunFailed where the output lacks the file.
    """
    from azure.core.exceptions import ResourceNotFoundError

    with tempfile.TemporaryDirectory() as folder:
        with sdk():
            try:
                client.jobs.download(job, download_path=folder, output_name=output)
            except ResourceNotFoundError as error:
                raise BadInput(f"there is no job {job}", "mlops status lists the last ones") from error
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


def failure(client: MLClient, job: str) -> str:
    """Why a run failed: for each step that did, the last line that it said; else the service's own words."""
    message = _error_of(client, job)
    reasons = []
    for step in steps_of(client, job):
        if step.status == "Failed":
            reasons.append(f"{step.name} failed: {_reason(client, step, message)}")
        elif step.status == "Canceled":
            reasons.append(f"{step.name} was cancelled, or reached its limit (step_timeout_seconds)")
    return "; ".join(reasons) or first_line(message) or "the service gives no reason"


def _reason(client: MLClient, step: Step, message: str) -> str:
    """Why one step failed. `message` is the pipeline's error: the SDK gives no step's own."""
    exited = re.search(EXITED.format(step=re.escape(step.name)), message)
    if exited and int(exited[1]) in KILLED:
        return "it was killed"
    said = _log_of(client, step.id).splitlines()
    own = message.partition(f"{step.name}: ")[2]
    return said[-1].strip() if said else first_line(own or message)


def _log_of(client: MLClient, job: str) -> str:
    """A job's own log; empty where it wrote none."""
    with tempfile.TemporaryDirectory() as folder:
        with sdk():
            client.jobs.download(job, download_path=folder)
        logs = sorted(Path(folder).rglob("std_log.txt"))
        return logs[0].read_text(errors="replace").strip() if logs else ""


def _error_of(client: MLClient, job: str) -> str:
    """The service's own error of a job: only `stream` gives it, as the text of an exception."""
    from azure.ai.ml.exceptions import JobException

    with sdk():
        try:
            client.jobs.stream(job)
        except JobException as error:
            text = str(error.message)
            try:
                return str(json.loads(text[text.find("{") : text.rfind("}") + 1])["error"]["message"])
            except (ValueError, KeyError, TypeError):
                return first_line(text)
    return ""
