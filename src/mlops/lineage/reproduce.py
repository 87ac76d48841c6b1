"""Make a version again: its commit in a worktree, its locks, configuration and data; then compare step by step.

The older commit's own command trains, in a process of its own: its code reads its configuration and components,
however much today's have changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import tools
from ..config import Config
from ..errors import BadInput, RunFailed
from ..provenance import data_of, lock_of
from ..workspace import logs, runs
from .changes import changed_packages
from .memory import Version
from .verdict import Made, judge, made_of

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MAIN = "mlops.cli.main"
AGAIN = ("--no-register", "--force", "--no-wait", "--output", "json")
"""Nothing is registered, nothing reused: a step that is reused would be equal to itself."""


def reproduce(
    client: MLClient,
    config: Config,
    target: str,
    version: Version,
    report: runs.Report,
    *,
    current_locks: bool = False,
) -> dict[str, Any]:
    """Train a version again and judge whether the same came out, a document of schema reproduction/1.

    With `current_locks` the steps run in the environments of today's locks. Raises BadInput where the commit, the
    data or the locks are not to be had, RunFailed where a step fails before there is something to compare.
    """
    provenance = version.lineage["provenance"]
    notes = list(_doubts(version))
    _data_is_there(client, provenance["data"])
    with worktree(config.root, provenance["code"]["commit"]) as root:
        if current_locks:
            _take_locks(config.root, root)
        locks = _locks(root, provenance["environments"])
        whose = "today's lock" if current_locks else "the lock of the commit"
        notes += [
            f"{whose} of {name} is not the recorded one: {', '.join(changed)}" for name, changed in locks.items()
        ]
        for note in notes:
            report(f"note: {note}")
        job = _submitted(config, root, target, provenance)
    report(f"run {job} of the commit {provenance['code']['commit'][:10]}")
    status = runs.wait(client, job, report)
    steps = {step.name: step for step in runs.steps_of(client, job)}
    evaluated = steps.get("evaluate")
    if evaluated is None or evaluated.status != "Completed":
        raise RunFailed(f"the run {job} is {status}: {logs.failure(client, job)}", f"its logs: mlops logs {job}")
    again = made_of(client, evaluated.source)
    return {
        "schema": "reproduction/1",
        "model": version.title,
        "run": version.lineage["run"]["name"],
        "again": job,
        **judge(Made.of(version.lineage), again, [package for changed in locks.values() for package in changed]),
        "notes": notes,
    }


def _doubts(version: Version) -> Iterator[str]:
    """What stands in the way of an exact repetition. Raises BadInput where there is no commit at all."""
    code = version.lineage["provenance"]["code"]
    if not code["commit"]:
        raise BadInput(f"{version.title} was registered from code that is in no commit: it cannot be made again")
    if code["dirty"]:
        named = ", ".join(code["changed"][:3]) + (", …" if code["changes"] > 3 else "")
        yield f"the commit alone cannot reproduce it: {code['changes']} files differed from it ({named})"


def _data_is_there(client: MLClient, recorded: dict[str, Any]) -> None:
    """Raise BadInput where the data asset holds something else than it did."""
    name = f"{recorded['name']}:{recorded['version']}"
    if data_of(client, name).get("content_sha256") != recorded.get("content_sha256"):
        raise BadInput(
            f"the data asset {name} is not what the version was trained on: its checksum is another one"
        )


@contextlib.contextmanager
def worktree(root: Path, commit: str) -> Iterator[Path]:
    """The project as it was at a commit, in a folder that is removed again. Raises BadInput for an unknown one."""
    if not tools.run(
        "git", "-C", str(root), "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}", ok=(0, 1, 128)
    ):
        raise BadInput(f"the commit {commit} is not in this repository", "fetch it: git fetch origin")
    inside = tools.run("git", "-C", str(root), "rev-parse", "--show-prefix").strip()
    with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
        path = Path(folder) / "tree"
        tools.run("git", "-C", str(root), "worktree", "add", "--detach", "--force", str(path), commit)
        try:
            yield path / inside
        finally:
            tools.run("git", "-C", str(root), "worktree", "remove", "--force", str(path))


def _take_locks(source: Path, root: Path) -> None:
    """Today's locks and Dockerfiles in the place of the older ones."""
    for lock in (source / "environments").glob("*/requirements.txt"):
        there = root / "environments" / lock.parent.name
        if there.is_dir():
            for name in ("requirements.txt", "Dockerfile"):
                if (lock.parent / name).is_file():
                    shutil.copyfile(lock.parent / name, there / name)


def _locks(root: Path, recorded: Mapping[str, Any]) -> dict[str, list[str]]:
    """What differs between the recorded locks and those in a folder, by environment; empty where nothing does."""
    now = {folder: lock_of(root / "environments" / folder) for folder in recorded}
    return {
        folder: changed_packages(before["packages"], now[folder]["packages"]) or ["nothing but its text"]
        for folder, before in recorded.items()
        if before["lock_sha256"] != now[folder]["lock_sha256"]
    }


def _submitted(config: Config, root: Path, target: str, provenance: dict[str, Any]) -> str:
    """Submit the training of a commit by its own command; the name of the run."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / provenance["configuration"]["file"]
        file.write_text(provenance["configuration"]["text"], encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-P", "-m", MAIN, "train", *provenance["asked"]["words"], *AGAIN, "--target", target],
            cwd=root,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(root / "src"), str(root))),
                "MLOPS_CONFIG": str(file),
                # the local Azure ML of this project, not one of the worktree's own
                "AZUREML_LOCAL_HOME": str(config.local_home),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=tools.LIMIT,
        )
    if ended.returncode:
        said = tools.first_line(ended.stderr)
        raise RunFailed(f"the commit's own `mlops train` failed: {said.removeprefix('error: ')}")
    return str(json.loads(ended.stdout)["job"])
