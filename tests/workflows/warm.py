"""`mlops` in a workflow's steps without the seconds that the import of azure-ai-ml takes each time.

A parent has imported the SDK once, and nothing of `mlops`. The program `mlops` of a step (venv/bin/mlops) hands it
its arguments, variables, folder and open files; a child that is forked for it imports `mlops` from the step's own
tree, and ends with its step. Run as a program, this file is that parent; it ends with its standard input.
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
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

WARM = (
    "azure.ai.ml",
    "azure.ai.ml.dsl",
    "azure.ai.ml.entities",
    "azure.identity",
    "typer",
    "pydantic",
    "rich.console",
)


def start(door: Path) -> subprocess.Popen[str]:
    """A parent that listens at `door`, once it does."""
    started = subprocess.Popen(
        [sys.executable, "-P", __file__, str(door)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def main(door: str) -> None:
    with contextlib.redirect_stderr(io.StringIO()):  # the SDK keeps the standard error that it finds
        for name in WARM:
            importlib.import_module(name)
    gc.freeze()  # what was imported stays shared with the children
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(door)
        listening.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([listening, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listening.accept()
            keeper = os.fork()
            if not keeper:
                listening.close()
                _keep(connection)
            connection.close()
            threading.Thread(target=os.waitpid, args=(keeper, 0), daemon=True).start()


def _keep(connection: socket.socket) -> None:
    """Run one command, and say its exit code; kill it where its caller is gone. Never returns."""
    message, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    asked = json.loads(message)
    child = os.fork()
    if not child:
        os.setsid()
        connection.close()
        _become(asked, files)

    def watch() -> None:
        if not connection.recv(1):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: dict[str, Any], files: list[int]) -> None:
    """Go on as `mlops` of the step's tree. Never returns."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.path[:0] = [f"{asked['root']}/src", asked["root"]]
    sys.argv = ["mlops", *asked["words"]]
    from mlops.cli.main import main as mlops

    assert sys.modules["mlops"].__path__[0].startswith(asked["root"])
    sys.exit(mlops())


if __name__ == "__main__":
    main(sys.argv[1])
