"""Runs one step: a command in a process group of its own, with a limit, a log and a result.

A process apart from the server, of the standard library only, so that a step survives a server that is
killed and its end is known to the next one. Usage: supervisor.py SPECIFICATION, a JSON file with
`command`, `cwd`, `environment`, `log`, `result`, `timeout` (seconds or null) and `grace` (seconds).
SIGTERM cancels the step. The result is written whole: {"outcome": exited|canceled|timeout, "code": …}.
"""

import json
import os
import signal
import subprocess
import sys
import time


def end_group(process: subprocess.Popen[bytes], grace: float) -> None:
    """Ask the whole group to end, then make it; processes that the command left behind are among them."""
    for number, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, 1.0)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.02)


def main() -> None:
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    asked: list[str] = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append("canceled"))
    # It is started with this signal held, so that a cancel that comes before the line above is not its end.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    with open(spec["log"], "ab", buffering=0) as log:
        # A job's command is a line of shell by definition, in Azure as here; nothing is added to it.
        process = subprocess.Popen(
            ["/bin/bash", "-c", spec["command"]],
            cwd=spec["cwd"],
            env=spec["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    with open(spec["result"] + ".pid", "w") as file:
        file.write(str(process.pid))
    deadline = time.monotonic() + spec["timeout"] if spec["timeout"] else None
    outcome, delay = "exited", 0.002
    while process.poll() is None:
        if asked or (deadline and time.monotonic() > deadline):
            outcome = asked[0] if asked else "timeout"
            break
        delay = min(delay * 1.5, 0.05)
        time.sleep(delay)
    end_group(process, spec["grace"])
    code = process.wait()
    with open(spec["result"] + ".partial", "w") as file:
        json.dump({"outcome": outcome, "code": code}, file)
    os.replace(spec["result"] + ".partial", spec["result"])


if __name__ == "__main__":
    main()
