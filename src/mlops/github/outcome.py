"""What became of a published release: a mark on it, and an issue with the evidence while it has failed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..report.evidence.document import plain
from .calls import GitHub

BEGIN, END = "<!-- mlops: delivery -->", "<!-- mlops: end of delivery -->"
BLOCK = re.compile(rf"{BEGIN}.*?{END}\n*", re.DOTALL)
GOOD = ("success", "skipped")
LARGEST = 5_000_000
LONGEST = 60_000


def results(text: str) -> dict[str, str]:
    """What became of each job: `toJSON(needs)` of a workflow. Raises BadInput."""
    try:
        return {str(job): str(each["result"]) for job, each in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(f"--results is not toJSON(needs): {error}") from error


def failed(jobs: dict[str, str]) -> list[str]:
    """The jobs that did not end well."""
    return [job for job, result in jobs.items() if result not in GOOD]


def block(tag: str, jobs: dict[str, str], found: dict[str, dict[str, Any]], run: str) -> str:
    """What the release says of its delivery: a row a job, the reason where a target has one."""
    bad = failed(jobs)
    words = [f"> [!CAUTION]\n> {tag} was not delivered: {', '.join(bad)}."] if bad else [f"{tag} was delivered."]
    rows = ["| job | result | |", "| --- | --- | --- |"]
    for job, result in jobs.items():
        record = found.get(job, {})
        said = ": ".join(str(record[key]) for key in ("state", "reason") if record.get(key))
        rows.append(f"| {plain(job)} | {plain(result)} | {plain(said)} |")
    return "\n".join([BEGIN, *words, "", *rows, "", f"[The run]({run})", END, "", ""])


def evidence(folder: Path) -> dict[str, dict[str, Any]]:
    """The records (release/1) that the jobs have left, by target; what is no usable JSON is left out."""
    found = {}
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if file.stat().st_size > LARGEST:
            continue
        try:
            content = json.loads(file.read_bytes())
        except ValueError:
            continue
        if isinstance(content, dict):
            found[file.stem] = content
    return found


def mark(github: GitHub, tag: str, text: str) -> None:
    """Put the block at the head of the release's text, in the place of an earlier one."""
    release = github.read(f"releases/tags/{tag}")
    if release is None:
        raise BadInput(f"there is no published release {tag}")
    kept = BLOCK.sub("", release["body"] or "")
    if release["body"] != text + kept:
        github.write("PATCH", f"releases/{release['id']}", {"body": text + kept})


def issue(github: GitHub, tag: str, text: str, found: dict[str, dict[str, Any]], *, bad: bool) -> int | None:
    """The issue of a release that has failed: opened, brought up to date, or closed; None where there is none."""
    begin = f"<!-- mlops: {tag} -->"

    def own() -> dict[str, Any] | None:
        listed = github.pages("issues?state=open")
        mine = (each for each in listed if "pull_request" not in each and each["user"]["type"] == "Bot")
        return next((each for each in mine if str(each["body"]).startswith(begin)), None)

    if not bad:
        there = own()
        if there:
            github.write("PATCH", f"issues/{there['number']}", {"state": "closed", "state_reason": "completed"})
        return int(there["number"]) if there else None
    body = "\n".join([begin, text, *_shown(found)])[:LONGEST]
    title = f"{tag} was not delivered"
    there, created = github.once(own, lambda: github.create("issues", {"title": title, "body": body}))
    if there and not created:
        github.write("PATCH", f"issues/{there['number']}", {"body": body})
    there = there or own()
    return int(there["number"]) if there else None


def _shown(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The records in full, folded."""
    for target, record in found.items():
        fenced = json.dumps(record, indent=1).replace("```", "` ` `")
        yield from (
            f"<details><summary>{plain(target)}</summary>",
            "",
            "```json",
            fenced,
            "```",
            "",
            "</details>",
            "",
        )


def approved(github: GitHub, run: str, environment: str) -> list[str]:
    """Who has approved this run's job in a GitHub environment; nobody where it has no reviewers."""
    asked = github.read(f"actions/runs/{run}/approvals") or []
    return sorted(
        {
            str(each["user"]["login"])
            for each in asked
            if each["state"] == "approved" and environment in (place["name"] for place in each["environments"])
        }
    )
