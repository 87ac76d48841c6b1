"""One step from its environment to its end: build, mount, run, collect."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import ServiceError
from ..assets.environments import ensure_reference
from ..machine import processes
from ..machine.home import LEADER
from ..runs.references import locate
from ..runs.run import Run
from ..runtimes.build import BuildFailed, Environment
from ..storage.links import collect
from ..storage.registries import asset
from . import distribution, folders
from .bindings import UnknownReference, render_command
from .slots import Slots
from .step import End, Step
from .variables import variables

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL when a step is cancelled; the service's own number is not known."""
USER_LOG = "user_logs/std_log.txt"
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
SUPERVISOR = Path(__file__).with_name("supervisor.py")


class Execution:
    """Runs `step` as `run`. `cancelled` may be set from another thread at any time.

    `completed` is called before the end of a step that completed is written down; a ServiceError of it is the end.
    """

    def __init__(
        self,
        context: Context,
        run: Run,
        step: Step,
        cancelled: threading.Event,
        completed: Callable[[], None] = lambda: None,
    ) -> None:
        self.context = context
        self.run = run
        self.step = step
        self.cancelled = cancelled
        self.completed = completed
        self.artifacts = context.home.blobs / run.artifacts

    def __call__(self) -> End:
        """Run to the end, and write the end into the run's record.

        A step that an earlier server started is not started again: this one waits for its supervisor.
        """
        try:
            end = self._adopt() if self.run.status in ("Running", "Finalizing") else self._run()
            if end.status == "Completed":
                self.completed()
        except (folders.StreamNotFound, UnknownReference) as error:
            end = End("Failed", str(error))
        except BuildFailed as error:
            message = f"Image build failed. For more details check log file {BUILD_LOG}. {error}"
            end = End("Failed", message, "ImageBuildFailure")
        except ServiceError as error:
            end = End("Failed", error.message, error.code)
        self.run.advance(end.status, error=end.problem)
        return end

    def _run(self) -> End:
        self.run.advance("Preparing")
        if not self.step.command.strip():
            return End("Failed", "The job has no command.")
        environment = self._environment()
        self.run.advance("Queued")
        with self.context.part(Slots):
            if self.cancelled.is_set():
                return End("Canceled")
            result = self._start(environment)
        self.run.advance("Finalizing")
        return self._finish(result)

    def _environment(self) -> Environment:
        lines: list[str] = []

        def report(line: str) -> None:
            # Only a build has a log; an environment that is there already says nothing.
            lines.append(line)
            log = self.artifacts / BUILD_LOG
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text("\n".join(lines) + "\n")

        return ensure_reference(self.context, self.run.workspace, self.step.environment, report)

    def _start(self, environment: Environment) -> dict[str, Any]:
        """Mount everything, start the supervisor and wait for the result."""
        code = None
        if self.step.code:
            version = asset(self.context, self.step.code)
            if version is None:
                raise folders.StreamNotFound(f"The code snapshot {self.step.code} does not exist.")
            uri = properties(version)["codeUri"]
            code = locate(self.context, version.id.workspace, uri).on_disk(self.context)
        place = folders.make(self.context, self.run, code)
        inputs = {
            name: (value, folders.mount_input(self.context, self.run, place, name, value))
            for name, value in self.step.inputs.items()
        }
        outputs = {
            name: folders.mount_output(self.context, self.run, place, name, value)
            for name, value in self.step.outputs.items()
        }
        texts = {name: text for name, (_, text) in inputs.items()}
        command = render_command(self.step.command, texts, outputs)
        log = self.artifacts / USER_LOG
        log.parent.mkdir(parents=True, exist_ok=True)
        own = variables(
            self.context, self.run, place, inputs, outputs, dict(self.step.variables), environment.python.parent
        )
        specification = {
            "command": command,
            "cwd": str(place.work),
            "processes": self._processes(own, str(log)),
            "result": str(place.root / "result.json"),
            "timeout": self.step.timeout,
            "grace": GRACE,
        }
        path = place.root / "specification.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(specification, file)
        self.run.advance("Running")
        process = processes.start([sys.executable, "-I", "-S", str(SUPERVISOR), str(path)], held=True)
        self.run.note(supervisor=process.pid)
        processes.wait(process, self.cancelled.is_set)
        return read_result(place.root)

    def _processes(self, shared: dict[str, str], log: str) -> list[dict[str, Any]]:
        """The environment and the log of each process that runs the command."""
        asked = self.step.distribution
        if asked is None:
            told = [(log, shared)]
        else:
            own = enumerate(distribution.variables(asked))
            told = [(distribution.log_of(log, rank), {**shared, **each}) for rank, each in own]
        for path, _ in told:
            Path(path).touch()
        return [{"log": path, "environment": environment} for path, environment in told]

    def _adopt(self) -> End:
        record = self.run.record()
        root = self.context.home.runs / record["uuid"]
        while not (root / "result.json").exists() and processes.is_running(record.get("supervisor"), str(root)):
            if self.cancelled.is_set():
                os.kill(record["supervisor"], signal.SIGTERM)
            time.sleep(0.1)
        return self._finish(read_result(root))

    def _finish(self, result: dict[str, Any]) -> End:
        """Collect what the step wrote and say how it ended."""
        place = folders.Folders(self.context.home.runs / self.run.record()["uuid"])
        for name in ("outputs", "logs"):
            source = place.work / name
            if source.is_dir() and any(source.iterdir()):
                collect(source, self.artifacts / name)
        for value in self.step.outputs.values():
            folders.drop_if_empty(self.context, self.run, value)
        # Inputs are links; what the step left in its folder is of no use to anyone after it.
        shutil.rmtree(place.root, ignore_errors=True)
        return self._end(result)

    def _end(self, result: dict[str, Any]) -> End:
        outcome, code = result["outcome"], result["code"]
        if outcome == "canceled":
            return End("Canceled")
        if outcome == "timeout":
            return End("Canceled", f"The job exceeded its limit of {self.step.timeout:g} s and was cancelled.")
        if outcome == "killed":
            return End("Failed", "The process that ran the step was killed.")
        if code == 0:
            return End("Completed")
        # A process ended by a signal has the negative signal as its code; a shell reports 128 + signal.
        status = code if code >= 0 else 128 - code
        word = Path(self.step.command.split()[0]).name
        log = distribution.log_of(USER_LOG, result.get("process", 0)) if self.step.distribution else USER_LOG
        message = (
            f"Execution failed. User process '{word}' exited with status code {status}. "
            f"Please check log file '{log}' for error details. Error: {_tail(self.artifacts / log)}"
        )
        return End("Failed", message)


def _tail(log: Path, lines: int = 20) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def read_result(root: Path) -> dict[str, Any]:
    """The supervisor's result; one that is missing means that the supervisor itself was killed."""
    path = root / "result.json"
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    processes.end_group_in(root / LEADER)
    return {"outcome": "killed", "code": -signal.SIGKILL}
