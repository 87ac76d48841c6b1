"""`mlops` as a command of its own, without the seconds that the import of azure-ai-ml takes each time.

Run as a program, this file is a parent that has imported the SDK once. For each command it forks a child, which
takes its own arguments, variables, folder and files, runs `mlops` and ends as a process does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MLOPS = Path(sys.executable).with_name("mlops")
WARM = ("azure.ai.ml", "azure.ai.ml.dsl", "azure.ai.ml.entities", "azure.identity", "mlops.cli")
LIMIT = 300
"""Seconds after which a command is taken to hang."""


class Commands:
    """Runs commands one after the other, each in a child of a parent that is started with the first."""

    def __init__(self) -> None:
        self._parent: subprocess.Popen[str] | None = None

    def run(self, words: list[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """`mlops WORDS`, to its end: what `subprocess.run` with captured text gives."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            asked = {"words": words, "cwd": str(cwd), "env": dict(env), "out": str(out), "err": str(err)}
            code = self._ask(asked)
            return subprocess.CompletedProcess([str(MLOPS), *words], code, out.read_text(), err.read_text())

    def _ask(self, asked: dict[str, Any]) -> int:
        parent = self._parent = self._parent or _start()
        assert parent.stdin
        assert parent.stdout
        parent.stdin.write(json.dumps(asked) + "\n")
        parent.stdin.flush()
        if not select.select([parent.stdout], [], [], LIMIT)[0]:
            os.killpg(parent.pid, signal.SIGKILL)
            self.close()
            raise subprocess.TimeoutExpired(asked["words"], LIMIT)
        return int(parent.stdout.readline())

    def close(self) -> None:
        parent, self._parent = self._parent, None
        if parent:
            parent.communicate()  # it ends with its standard input


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def main() -> None:
    """The parent: a line of JSON for each command, and its exit code when it has ended."""
    # the SDK writes for ever to the standard error that it finds when it is imported; `mlops` gives it none either
    with contextlib.redirect_stderr(io.StringIO()):
        for name in WARM:
            importlib.import_module(name)
    gc.freeze()  # what was imported stays shared with the children
    while asked := sys.stdin.readline():
        child = os.fork()
        if not child:
            _become(json.loads(asked))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(asked: dict[str, Any]) -> None:
    """Go on as `mlops`. Never returns."""
    from mlops.cli.main import main as mlops

    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["out"], os.O_WRONLY | os.O_CREAT),
        (2, asked["err"], os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.path[:0] = filter(None, asked["env"].get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = [str(MLOPS), *asked["words"]]
    sys.exit(mlops())


if __name__ == "__main__":
    main()
