"""Where a run comes from: who submits it, of which code, data, environments and configuration.

It is gathered when a run is submitted, a document of schema provenance/1, and goes with the run as an input of
the step that registers: that one runs where neither a git repository nor this configuration is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import tools
from .config import Config
from .errors import BadInput
from .workspace.connect import caller, sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

LISTED = 50
"""How many changed files are named; their number is always said."""
PINNED = re.compile(r"^([A-Za-z0-9][\w.\[\]-]*)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Code:
    """The state of the code: its commit, and what differs from it. Without a repository `commit` is empty."""

    commit: str = ""
    branch: str = ""
    repository: str = ""
    changed: tuple[str, ...] = ()
    diff_sha256: str = ""

    @property
    def dirty(self) -> bool:
        """Whether the commit alone does not say what the code is."""
        return not self.commit or bool(self.changed)

    @property
    def problem(self) -> str:
        """Why the commit does not say what the code is, in words; empty where it does."""
        if not self.commit:
            return "the project is in no git repository with a commit"
        if not self.changed:
            return ""
        more = f" and {len(self.changed) - 3} more" if len(self.changed) > 3 else ""
        return f"what differs from the commit {self.commit[:10]}: {', '.join(self.changed[:3])}{more}"

    def document(self) -> dict[str, Any]:
        """As it is recorded."""
        return {
            "commit": self.commit or None,
            "branch": self.branch,
            "repository": self.repository,
            "dirty": self.dirty,
            "changes": len(self.changed),
            "changed": list(self.changed[:LISTED]),
            "diff_sha256": self.diff_sha256,
        }


def code_of(root: Path) -> Code:
    """The code in a folder, as git knows it. What git ignores is no part of it."""
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except BadInput:  # a machine without git
        return Code()
    if not commit:
        return Code()
    status = _git(
        root, "status", "--porcelain=v1", "--untracked-files=all", "--no-renames", "-z", "--", ".", strip=False
    )
    changed = sorted({entry[3:] for entry in status.split("\0") if entry[2:3] == " "})
    diff = _git(root, "diff", "HEAD", "--", ".") if changed else ""
    return Code(
        commit,
        _git(root, "rev-parse", "--abbrev-ref", "HEAD"),
        without_secret(_git(root, "config", "--get", "remote.origin.url")),
        tuple(changed),
        hashlib.sha256(diff.encode()).hexdigest() if diff else "",
    )


def _git(root: Path, *words: str, strip: bool = True) -> str:
    """What git says of a folder; empty where it has nothing to say (1) or there is no repository (128)."""
    said = tools.run("git", "-C", str(root), *words, ok=(0, 1, 128))
    return said.strip() if strip else said


def without_secret(url: str) -> str:
    """The address of a repository without the user and password that it may hold."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if parts.scheme else url


def refuse_dirty(code: Code, workspace: str) -> None:
    """Raise BadInput where a version would be registered whose code nobody could find again."""
    if code.dirty:
        raise BadInput(
            f"{code.problem}; a version that is registered in {workspace} names its commit",
            "commit the changes; or to register it all the same, marked as dirty: mlops train --allow-dirty",
        )


def gather(
    client: MLClient,
    config: Config,
    *,
    code: Code,
    data: str,
    environments: Mapping[str, str],
    step_environments: Mapping[str, str],
    asked: Mapping[str, Any],
) -> dict[str, Any]:
    """The provenance of a run on the data asset `data` (`NAME:VERSION`), a document of schema provenance/1.

    `environments` maps folders of `environments/` to what they are registered as, `step_environments` components
    to folders; `asked` is what the run was asked for, with the options
    of `mlops train` (`words`) that ask for the same again.
    """
    text = config.file.read_text(encoding="utf-8")
    return {
        "schema": "provenance/1",
        "submitted": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": caller(),
        "workspace": client.workspace_name,
        "code": code.document(),
        "data": data_of(client, data),
        "environments": {
            folder: {"environment": name, **lock_of(config.root / "environments" / folder)}
            for folder, name in sorted(environments.items())
        },
        "steps": dict(step_environments),
        "configuration": {
            "file": config.file.name,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "text": text,
        },
        "asked": dict(asked),
    }


def data_of(client: MLClient, reference: str) -> dict[str, Any]:
    """What a version of a data asset says of itself: its tags hold its checksum, rows and files."""
    name, _, version = reference.partition(":")
    with sdk():
        asset = client.data.get(name, version=version)
    return {"name": name, "version": version, **(asset.tags or {})}


def lock_of(folder: Path) -> dict[str, Any]:
    """An environment's lock: its checksum, that of its Dockerfile, and the packages that it pins."""
    lock = (folder / "requirements.txt").read_bytes()
    return {
        "lock_sha256": hashlib.sha256(lock).hexdigest(),
        "dockerfile_sha256": hashlib.sha256((folder / "Dockerfile").read_bytes()).hexdigest(),
        "packages": dict(PINNED.findall(lock.decode())),
    }
