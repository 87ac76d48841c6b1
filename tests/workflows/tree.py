"""Copies of this project as repositories of git, whose workflows are run."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.project import copied

from .github import Identity, prepare
from .hub import REPOSITORY

ORIGIN = f"https://github.com/{REPOSITORY}.git"
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Tree:
    """A repository of git; `main` is its first branch, and `origin` on GitHub."""

    folder: Path

    @classmethod
    def of_this_project(cls, folder: Path, changes: Mapping[str, Mapping[str, str]]) -> Tree:
        """The tree as it is, uncommitted work too, with texts of files replaced: {file: {old: new}}."""
        tree = cls(copied(folder))
        for name, replaced in changes.items():
            tree.edit(name, replaced)
        tree.git("init", "-q", "-b", "main")
        tree.git("remote", "add", "origin", ORIGIN)
        tree.commit("The project")
        return tree

    def git(self, *words: str) -> str:
        command = ["git", *WHO, *words]
        ended = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, (words, ended.stderr)
        return ended.stdout.strip()

    def edit(self, name: str, replaced: Mapping[str, str]) -> None:
        file = self.folder / name
        text = file.read_text()
        for old, new in replaced.items():
            assert old in text, f"{name} has no {old!r} any more"
            text = text.replace(old, new)
        file.write_text(text)

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.sha

    @property
    def sha(self) -> str:
        return self.git("rev-parse", "HEAD")

    def clone(self, folder: Path) -> Tree:
        """Another copy of it, for one test."""
        self.git("clone", "-q", "--local", str(self.folder), str(folder))
        made = Tree(folder)
        made.git("remote", "set-url", "origin", ORIGIN)
        return made

    def prepare(self, identity: Identity, *, fork: bool = False) -> None:
        """Let GitHub's side of the workflows be in them, as a commit, so that what a job finds is a clean tree."""
        prepare(self.folder, identity, fork=fork)
        self.commit("GitHub's side of a job")


def pull_request(tree: Tree, number: int, *, fork: bool = False, action: str = "synchronize") -> dict[str, Any]:
    """The event of a pull request from what the tree has checked out to its main."""
    owner, name = REPOSITORY.split("/")
    head = {
        "full_name": f"mallory/{name}" if fork else REPOSITORY,
        "fork": fork,
        "owner": {"login": "mallory" if fork else owner},
    }
    base = tree.git("merge-base", "HEAD", "main")
    return {
        "action": action,
        "number": number,
        "repository": repository(),
        "sender": {"login": "ada"},
        "pull_request": {
            "number": number,
            "draft": False,
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
            "user": {"login": "ada"},
            "head": {"ref": "change", "sha": tree.sha, "repo": head},
            "base": {"ref": "main", "sha": base, "repo": repository()},
        },
    }


def repository() -> dict[str, Any]:
    return {
        "full_name": REPOSITORY,
        "name": REPOSITORY.split("/")[1],
        "owner": {"login": REPOSITORY.split("/")[0]},
        "default_branch": "main",
        "private": False,
        "visibility": "public",
        "fork": False,
        "html_url": f"https://github.com/{REPOSITORY}",
    }


def push(tree: Tree) -> dict[str, Any]:
    return {
        "ref": "refs/heads/main",
        "after": tree.sha,
        "before": tree.git("rev-parse", "HEAD^"),
        "repository": repository(),
    }


def release(tag: str, *, prerelease: bool = False, commit: str = "") -> dict[str, Any]:
    """The event of a release that was published."""
    return {
        "action": "published",
        "repository": repository(),
        "sender": {"login": "ada"},
        "release": {
            "id": 1,
            "tag_name": tag,
            "name": tag,
            "draft": False,
            "prerelease": prerelease,
            "target_commitish": commit or "main",
            "html_url": f"https://github.com/{REPOSITORY}/releases/tag/{tag}",
            "body": "",
        },
    }


def dispatched(**inputs: str) -> dict[str, Any]:
    """The event of a workflow that is run by hand. Booleans are strings: act takes others for false."""
    return {"inputs": inputs, "ref": "refs/heads/main", "repository": repository(), "sender": {"login": "ada"}}


def schedule() -> dict[str, Any]:
    """The event of a time that has come."""
    return {"schedule": "17 4 * * 1", "repository": repository()}


def finished(workflow: str, run: str, event: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The event of another workflow's run, for a pull request, that has ended."""
    head = event["pull_request"]["head"]
    of = {
        "id": int(run),
        "name": workflow,
        "event": "pull_request",
        "conclusion": "success",
        "head_sha": head["sha"],
        "head_branch": head["ref"],
        "head_repository": head["repo"],
        "html_url": f"https://github.com/{REPOSITORY}/actions/runs/{run}",
    }
    return {"action": "completed", "repository": repository(), "workflow_run": {**of, **changed}}
