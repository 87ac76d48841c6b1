"""Runs a workflow file on this machine, by act in host mode: no container, no network.

What GitHub does around a job and act does not is in github.py; what a runner has installed, in runner.py.
"""

from __future__ import annotations

import collections
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ACT = Path(sys.executable).with_name("act")
ACTIONS = Path(__file__).with_name("actions")
"""The stand-ins of actions: OWNER-REPO/action.yml, each `using: composite`."""
PIN = re.compile(r"uses:\s*['\"]?([\w.-]+/[\w.-]+)[\w./-]*@([0-9a-f]{40})")
REFUSED = re.compile(r"unsupported platform|docker (pull|cp)|Start image|\u2601|GoGitActionCache fetch")
"""What act says where it leaves out a job, or asks docker or the network (the cloud: git clone); it goes on."""
BEGINS = "\u2b50"
LIMIT = 240
"""Seconds after which a run is taken to hang."""
FLAGS = (
    *("-P", "ubuntu-24.04=-self-hosted", "--container-daemon-socket", "-", "--concurrent-jobs", "1"),
    *("--json", "--verbose", "--rm", "--no-cache-server", "--pull=false"),
)


@dataclass
class Run:
    """A run that has ended: each job's conclusion, its steps with theirs, and all that was logged."""

    id: str
    code: int
    jobs: dict[str, str] = field(default_factory=dict)
    steps: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: collections.defaultdict(list))
    log: list[dict[str, Any]] = field(default_factory=list)

    def text(self, job: str = "") -> str:
        """What the programs of a job (of all of them) said."""
        lines = (x["msg"] for x in self.log if x.get("raw_output") and job in ("", x.get("jobID")))
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines).replace("\r", "")

    def summary(self, job: str) -> str:
        """What a job's steps wrote into its summary."""
        return "\n".join(
            str(x.get("content", "")) for x in self.log if x.get("command") == "summary" and x.get("jobID") == job
        )

    def annotations(self, kind: str = "error") -> list[str]:
        """The errors, or the warnings or notices, that the run's page shows."""
        return [str(x.get("arg", "")) for x in self.log if x.get("command") == kind]

    def assert_ran(self, jobs: Mapping[str, str], *, skipped: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        """The whole set of jobs with their conclusions, and of each one's steps.

        A job is `success`, `skipped`, or `failure at STEP`. Steps that a condition left out are `skipped`, as
        JOB/STEP; every other one must have run, but those after a failed one, which may be left out.
        """
        found = {job: self._told(job, conclusion) for job, conclusion in self.jobs.items()}
        assert found == dict(jobs), f"{found}\n{self.text()[-4000:]}"
        left_out = {
            f"{job}/{step}"
            for job, steps in self.steps.items()
            for step, conclusion in _until_failure(steps)
            if conclusion == "skipped"
        }
        assert left_out == set(skipped), left_out

    def _told(self, job: str, conclusion: str) -> str:
        failed = next((step for step, ended in self.steps[job] if ended == "failure"), None)
        return f"failure at {failed}" if conclusion == "failure" and failed else conclusion


def _until_failure(steps: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for step, conclusion in steps:
        yield step, conclusion
        if conclusion == "failure":
            return


@dataclass(frozen=True)
class Stop:
    """A signal to the run, once a line is logged that holds `said`: SIGINT is *cancel*, SIGKILL a lost runner."""

    said: str
    signal: signal.Signals


@dataclass(frozen=True)
class Act:
    """How runs are started: the tree whose workflows they are, a home, the programs that its runner has."""

    tree: Path
    home: Path
    path: tuple[Path, ...]
    variables: Mapping[str, str]
    """What every step finds in its environment."""

    def __call__(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        configured: Mapping[str, str] = {},
        secrets: Mapping[str, str] = {},
        stop: Stop | None = None,
    ) -> Run:
        """Run a workflow. `configured` are the repository's variables. Fails where act would ask the network."""
        self.home.mkdir(parents=True, exist_ok=True)
        file = self.home / "event.json"
        file.write_text(json.dumps(payload))
        command = [str(ACT), event, "-W", f".github/workflows/{workflow}", "-e", str(file), *FLAGS]
        command += [f"--{kind}-file={os.devnull}" for kind in ("env", "secret", "var", "input")]
        for flag, values in (
            ("--var", configured),
            ("--env", self.variables),
            ("--secret", {"GITHUB_TOKEN": "the-token-of-no-job", **secrets}),
        ):
            command += [f"{flag}={name}={value}" for name, value in values.items()]
        command += [f"--local-repository={owner}@{sha}={_stand_in(owner)}" for owner, sha in pins(self.tree)]
        code, out, err = self._follow(command, stop)
        log = [json.loads(line) for line in out if line.startswith("{")]
        refused = [
            x["msg"]
            for x in log
            if not x.get("raw_output") and BEGINS not in x["msg"] and REFUSED.search(x["msg"])
        ]
        assert not refused, refused
        run = _read(log, code, self.variables["GITHUB_RUN_ID"], self.tree / ".github" / "workflows" / workflow)
        assert run.jobs or stop, err
        return run

    def _follow(self, command: list[str], stop: Stop | None) -> tuple[int, list[str], str]:
        """Its exit code, the lines of its log, what it said beside them."""
        environment = {
            "PATH": ":".join([*map(str, self.path), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "GIT_PAGER": "cat",
            "PAGER": "cat",
            "ACT_DISABLE_VERSION_CHECK": "1",
            "DOCKER_HOST": "unix:///nonexistent.sock",
        }
        with (
            (self.home / "act.err").open("w+") as err,
            subprocess.Popen(
                command,
                cwd=self.tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            ) as run,
        ):
            watch = threading.Timer(LIMIT, run.send_signal, [signal.SIGTERM])
            watch.start()
            assert run.stdout
            lines = []
            try:
                for line in run.stdout:
                    lines.append(line)
                    if stop and stop.said in line:
                        run.send_signal(stop.signal)
                        stop = None
                code = run.wait()
            finally:
                watch.cancel()
                if run.poll() is None:
                    run.send_signal(signal.SIGTERM)  # act ends the step's own session with it
            err.seek(0)
            return code, lines, err.read()


def pins(tree: Path) -> list[tuple[str, str]]:
    """Every action that the workflows use, OWNER/REPO, and the commit that it is pinned to."""
    files = (tree / ".github").rglob("*.y*ml")
    return sorted({found.groups() for file in files for found in PIN.finditer(file.read_text())})  # type: ignore[misc]


def _stand_in(owner: str) -> Path:
    folder = ACTIONS / owner.replace("/", "-")
    assert any(folder.rglob("action.yml")), f"there is no stand-in for {owner}: {folder}/action.yml"
    return folder


def _read(log: list[dict[str, Any]], code: int, id: str, file: Path) -> Run:
    name = yaml.safe_load(file.read_text()).get("name", file.name)
    run = Run(id, code, log=log)
    for x in log:
        if "jobID" not in x:
            continue
        # WORKFLOW/JOB, or CALLER/WORKFLOW/JOB in a reusable workflow
        caller = "" if x["job"].startswith(f"{name}/") else x["job"].split("/")[0] + "/"
        key = caller + x["jobID"] + "".join(f"[{value}]" for value in (x.get("matrix") or {}).values())
        if "jobResult" in x:
            run.jobs[key] = x["jobResult"]
        if "stepResult" in x and x.get("stage") == "Main" and len(x["stepID"]) == 1:
            (step,) = x["stepID"]
            run.steps[key].append((x["step"].strip() if step.isdigit() else step, x["stepResult"]))
    return run
