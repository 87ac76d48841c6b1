"""Runs one step: a command in a process group of its own, with a limit, a log and a result.

A process apart from the server, of the standard library only, so that a step survives a server that is
killed and its end is known to the next one. Usage: supervisor.py SPECIFICATION, a JSON file with
`command`, `cwd`, `processes` (each with its `environment` and its `log`), `result`, `timeout` (seconds or null)
and `grace` (seconds). A step is complete when all its processes are; the first that fails ends it. SIGTERM
cancels it. The result is written whole: {"outcome": exited|canceled|timeout, "code": …, "process": which}.
"""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any


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


def started(spec: dict[str, Any], log: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """The command in a session of its own."""
    with open(log, "ab", buffering=0) as output:
        # A job's command is a line of shell by definition, in Azure as here; nothing is added to it.
        return subprocess.Popen(
            ["/bin/bash", "-c", spec["command"]],
            cwd=spec["cwd"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def main() -> None:
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    asked: list[str] = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append("canceled"))
    # It is started with this signal held, so that a cancel that comes before the line above is not its end.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    processes = []
    for each in spec["processes"]:
        processes.append(started(spec, each["log"], each["environment"]))
        with open(spec["result"] + ".pid", "a") as file:
            file.write(f"{processes[-1].pid}\n")
    deadline = time.monotonic() + spec["timeout"] if spec["timeout"] else None
    outcome, delay = "exited", 0.002
    while None in (codes := [process.poll() for process in processes]) and not any(codes):
        if asked or (deadline and time.monotonic() > deadline):
            outcome = asked[0] if asked else "timeout"
            break
        delay = min(delay * 1.5, 0.05)
        time.sleep(delay)
    # The first that failed is why; the others wait for it, and are ended.
    failed = next((number for number, code in enumerate(codes) if code), 0)
    for process in processes:
        end_group(process, spec["grace"])
    result = {"outcome": outcome, "code": processes[failed].wait(), "process": failed}
    with open(spec["result"] + ".partial", "w") as file:
        json.dump(result, file)
    os.replace(spec["result"] + ".partial", spec["result"])


if __name__ == "__main__":
    main()
