"""Build virtual environments with uv, each once, keyed by what it holds."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import recipe

COMPLETE = ".complete"
Report = Callable[[str], None]


class BuildFailed(Exception):
    """The environment cannot be built; the message is the end of the tool's own output."""


@dataclass(frozen=True)
class Environment:
    """A built environment. `key` stands for its content."""

    key: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"


def ensure(folder: Path, wanted: recipe.Recipe, report: Report) -> Environment:
    """The environment for a recipe, built now if it was not built before. Raises BuildFailed.

    Several processes may ask at once: one builds, the others wait. A build that was killed is begun anew.
    """
    built = Environment(wanted.key, folder / wanted.key)
    if (built.folder / COMPLETE).exists():
        return built
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{wanted.key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built.folder / COMPLETE).exists():
            shutil.rmtree(built.folder, ignore_errors=True)
            try:
                _build(built, wanted, report)
            except BaseException:
                shutil.rmtree(built.folder, ignore_errors=True)
                raise
    return built


def _build(built: Environment, wanted: recipe.Recipe, report: Report) -> None:
    from uv import find_uv_bin

    uv = os.fsdecode(find_uv_bin())
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = wanted.python if wanted.python and wanted.python != here else _base_interpreter()
    _run([uv, "venv", "--no-project", "--python", interpreter, str(built.folder)], report)
    requirements = built.folder / "requirements.txt"
    requirements.write_text(wanted.requirements + "\n")
    if wanted.requirements.strip():
        hashes = ["--require-hashes"] if wanted.hashed else []
        python = ["--python", str(built.python)]
        _run([uv, "pip", "install", *python, *hashes, "-r", str(requirements)], report)
    (built.folder / COMPLETE).touch()


def _base_interpreter() -> str:
    """The interpreter below the virtual environment that the emulator runs in."""
    return str(getattr(sys, "_base_executable", sys.executable))


def _run(command: list[str], report: Report) -> None:
    report(f"$ {' '.join([Path(command[0]).name, *command[1:]])}")
    # A virtual environment that is active around the emulator is none of the tool's business.
    variables = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        env=variables,
    )
    lines: list[str] = []
    with process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            report(line.rstrip())
    if process.returncode:
        raise BuildFailed("\n".join(lines[-20:]) or f"{command[0]} ended with {process.returncode}")
