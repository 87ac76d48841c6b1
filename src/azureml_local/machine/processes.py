"""Processes of this machine: started in sessions of their own, followed, found again, ended with their groups."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PASSED_ON = ("LANG", "LC_ALL", "TZ", "TMPDIR", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS")
"""What a child takes from this machine's environment: nothing that names a person's accounts."""
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL, and for which the latter is waited for."""


def passed_on(*names: str) -> dict[str, str]:
    """Those of these variables that this process has."""
    return {name: os.environ[name] for name in names if name in os.environ}


def start(
    command: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    tied: bool = False,
    held: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own. What it says is added to `log`.

    With `tied` its standard input stays open until this process ends: it can end itself then. With `held` a
    SIGTERM waits until the process unblocks it: one that is sent before its handler stands is not lost.
    """
    if held:
        # A child begins with the mask of the thread that starts it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            return start(command, log=log, env=env, cwd=cwd, tied=tied)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    stdin = subprocess.PIPE if tied else subprocess.DEVNULL
    if log is None:
        return subprocess.Popen(command, env=env, cwd=cwd, stdin=stdin, start_new_session=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=env, cwd=cwd, stdin=stdin, stdout=output, stderr=output, start_new_session=True
        )


def port_of(
    process: subprocess.Popen[bytes],
    file: Path,
    limit: float,
    ready: Callable[[int], bool] = lambda port: True,
) -> int | None:
    """The port that a child wrote into `file`, once `ready` says so; None if it ends or `limit` seconds pass."""
    deadline = time.monotonic() + limit
    while process.poll() is None and time.monotonic() < deadline:
        if file.exists() and ready(int(file.read_text())):
            return int(file.read_text())
        time.sleep(0.02)
    return None


def wait(process: subprocess.Popen[bytes], told: Callable[[], bool]) -> None:
    """Until a process ends; SIGTERM is sent to it, once, when `told` says so."""
    sent, delay = False, 0.002
    while process.poll() is None:
        if not sent and told():
            process.send_signal(signal.SIGTERM)
            sent = True
        time.sleep(delay)
        delay = min(delay * 1.3, 0.05)


def end(process: subprocess.Popen[bytes], grace: float = GRACE) -> None:
    """End a child and its whole group, kindly first, and take its end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not signal_group(process.pid, number):
            break
        try:
            process.wait(grace)
            break
        except subprocess.TimeoutExpired:
            continue
    if process.stdin:
        process.stdin.close()
    process.wait()


def signal_group(leader: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal to a group of processes; False where there is none of ours."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_group_in(file: Path) -> None:
    """End the groups whose leaders' numbers stand in a file, if there are any."""
    try:
        leaders = [int(line) for line in file.read_text().split()]
    except (FileNotFoundError, ValueError):
        return
    for leader in leaders:
        signal_group(leader)


def is_running(pid: int | None, *marks: str) -> bool:
    """Whether a process has this number and all marks in its arguments; a number may have come to name another."""
    line = _arguments(pid) if pid else ""
    return bool(line) and all(mark in line for mark in marks)


def _arguments(pid: int) -> str:
    """The arguments of a process that has not ended; "" where there is none."""
    try:
        # Linux: as bytes, whatever the locale; those of one that has ended but was not waited for are empty
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="surrogateescape")
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    found = subprocess.run(
        ["ps", "-ww", "-o", "stat=,args=", "-p", str(pid)],  # noqa: S607 - ww: not cut to a terminal's width
        capture_output=True,
        check=False,
    )
    line = os.fsdecode(found.stdout).strip()
    return "" if line.startswith("Z") else line
