"""The draft release of a model version: what a person reads before publishing it, with the evidence attached."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import BadInput, ServiceFailed
from ..release.bundle import Bundle
from ..report import evidence
from .calls import ABSENT, GitHub, said
from .tags import tag_of

ATTACHED = ("release.json", "evaluation.json", "gate.json", "lineage.json", "model-card.md")
"""The documents of the bundle that are attached."""
PAGE = "report.html"
LONGEST = 120_000
"""Characters of a release's text: GitHub takes 125,000."""


def assemble(bundle: Bundle, folder: Path) -> list[Path]:
    """Put what is attached into a folder, beside what is there already; all of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ATTACHED:
        (folder / name).write_bytes((bundle.folder / name).read_bytes())
    (folder / PAGE).write_text(evidence.page(*_evidence(bundle)), encoding="utf-8")
    return sorted(each for each in folder.iterdir() if each.is_file())


def _evidence(bundle: Bundle) -> tuple[dict[str, Any], dict[str, Any]]:
    """The evaluation and the verdict of a version."""
    evaluation, verdict = (
        json.loads((bundle.folder / name).read_text(encoding="utf-8")) for name in ("evaluation.json", "gate.json")
    )
    return evaluation, verdict


def notes(bundle: Bundle) -> str:
    """What the draft says: the comparison, and what publishing it does."""
    return "\n".join(_notes(bundle))[:LONGEST] + "\n"


def _notes(bundle: Bundle) -> Iterator[str]:
    model, version = bundle.model, bundle.version
    yield f"Publishing this release brings {model} version {version} to staging and, once it is approved, to prod."
    yield "As a pre-release it ends at staging."
    yield ""
    yield from evidence.lines(*_evidence(bundle), markdown=True)
    yield ""
    yield "| pinned | |"
    yield "| --- | --- |"
    yield f"| code | {bundle.document['commit']} |"
    yield f"| model | sha256:{bundle.document['artifact']['sha256']} |"
    yield f"| environment | {bundle.environment} |"
    yield f"| release.json | sha256:{bundle.digest} |"


def write(github: GitHub, bundle: Bundle, files: list[Path]) -> str:
    """Write or update the draft: its address. One that is published stays as it is.

    Raises BadInput for a version that no commit holds: a tag could not name it.
    """
    tag, commit = tag_of(bundle.model, bundle.version), bundle.document["commit"]
    if not commit or bundle.document["dirty"]:
        raise BadInput(f"{bundle.model}:{bundle.version} is of code that no commit holds: nothing to tag")
    of = ("--repo", github.repository)
    title = f"{bundle.model} {bundle.version}"
    text = notes(bundle)
    about = ("--draft", "--target", commit, "--title", title, "--notes-file", "-")
    found, created = github.once(
        lambda: view(github, tag), lambda: github.create_release(tag, *of, *about, stdin=text)
    )
    if found and not found["isDraft"]:
        github.say(f"{tag} is published, and stays as it is")
        return str(found["url"])
    github.run("release", "upload", tag, *of, "--clobber", *map(str, files))
    if not created:
        github.run("release", "edit", tag, *of, *about, stdin=text)
    return str((view(github, tag) or {})["url"])


def view(github: GitHub, tag: str) -> dict[str, Any] | None:
    """A release, a draft too; None where there is none."""
    fields = "tagName,isDraft,isPrerelease,url,targetCommitish"
    try:
        text = github.run("release", "view", tag, "--repo", github.repository, "--json", fields)
    except ServiceFailed as error:
        if said(error, ABSENT):
            return None
        raise
    document: dict[str, Any] = json.loads(text)
    return document
