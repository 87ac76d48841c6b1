"""What steps said: their logs, and of a run that failed the line that says why."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInput
from . import runs
from .connect import first_line, sdk
from .runs import TERMINAL, Step

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

EXITED = r"{step}: Execution failed\. User process '[^']*' exited with status code (-?\d+)"
KILLED = (137, 143, -9, -15)
"""Exit codes of a process that SIGKILL or SIGTERM ended."""
TRACEBACK = "Traceback (most recent call last):"
MARKED = re.compile(r"^(?:error|fatal|critical): *(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Log:
    """What a step of a run wrote; None while it runs: the service gives a step's log when it has ended."""

    step: Step
    text: str | None


def logs_of(client: MLClient, job: str, name: str | None = None) -> Iterator[Log]:
    """The logs of a run's steps, or of the one of this name. Raises BadInput for an unknown one."""
    for step in _chosen(client, job, name):
        yield Log(step, _log_of(client, step) if step.status in TERMINAL else None)


def follow(client: MLClient, job: str, name: str | None = None) -> Iterator[Log]:
    """The same while a run goes on: each log when its step has ended, until all have."""
    shown: set[str] = set()
    while True:
        over = runs.status_of(runs.job_of(client, job)) in TERMINAL
        steps = _chosen(client, job, name)
        for step in steps:
            if step.status in TERMINAL and step.id not in shown:
                shown.add(step.id)
                yield Log(step, _log_of(client, step))
        if over or (name and len(shown) == len(steps)):
            return
        time.sleep(runs.POLL_SECONDS)


def _log_of(client: MLClient, step: Step) -> str:
    """What a step wrote; of a sweep what became of its trials, by their ids."""
    return _text(client, step.source) or _text(client, step.source, "hyperdrive.txt")


def _chosen(client: MLClient, job: str, name: str | None) -> list[Step]:
    """The steps of a run, or the one of this name; a run without steps is its only one itself."""
    found = runs.job_of(client, job)
    steps = runs.steps_of(client, job) or [
        Step(job, str(found.display_name or job), runs.status_of(found), reused=False, source=job)
    ]
    chosen = [step for step in steps if name in (None, step.name)]
    if not chosen:
        raise BadInput(f"the run {job} has no step {name}", f"its steps: {', '.join(s.name for s in steps)}")
    return chosen


def failure(client: MLClient, job: str) -> str:
    """Why a run failed: for each step that did, the line that says so; else the service's own words."""
    message = _error_of(client, job)
    reasons = []
    for step in runs.steps_of(client, job):
        if step.status == "Failed":
            reasons.append(f"{step.name} failed: {_reason(client, step, message)}")
        elif step.status == "Canceled":
            reasons.append(f"{step.name} was cancelled, or reached its limit (step_timeout_seconds)")
    return "; ".join(reasons) or first_line(message) or "the service gives no reason"


def _reason(client: MLClient, step: Step, message: str) -> str:
    """Why one step failed, or the first trial of one that is a sweep, which has no log of its own.

    `message` is the pipeline's error: the SDK gives no step's own.
    """
    exited = re.search(EXITED.format(step=re.escape(step.name)), message)
    if exited and int(exited[1]) in KILLED:
        return "it was killed"
    own = message.partition(f"{step.name}: ")[2]
    for run in (step, *(trial for trial in runs.steps_of(client, step.id) if trial.status == "Failed")):
        if reason := reason_in(_text(client, run.id)):
            return reason
    return first_line(own or message)


def reason_in(log: str) -> str:
    """The line of a log that says why its program ended; empty where there is none.

    The exception of the last traceback, or the last line that is marked as an error, whichever is later; without
    either the last line with a word in it. What an exception goes on to show (a query, a caret) is left out.
    """
    lines = log.splitlines()
    found = [number for number, line in enumerate(lines) if MARKED.match(line)]
    raised = max((number for number, line in enumerate(lines) if line == TRACEBACK), default=None)
    if raised is not None:
        frames = range(raised + 1, len(lines))
        found += [number for number in frames if not lines[number].startswith(" ")][:1]
    found = found or [number for number, line in enumerate(lines) if re.search(r"\w", line)]
    return MARKED.sub("", lines[max(found)].strip(), count=1) if found else ""


def _text(client: MLClient, job: str, name: str = "std_log*.txt") -> str:
    """A job's own log, those of its processes where it has several, or another one; empty where it has none."""
    with tempfile.TemporaryDirectory() as folder:
        with sdk():
            client.jobs.download(job, download_path=folder)
        found = sorted(Path(folder).rglob(name))
        return "\n".join(log.read_text(errors="replace").strip() for log in found)


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
