"""The comment on a pull request: verdict, differences with intervals, slices, cost; or an infrastructure plan.

There is one a kind, found by a mark and written anew. Which pull request it is on, GitHub says: those that are
open from this branch and whose head is the commit that the run was of. A document cannot lead it elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..config import Config
from ..cost.prices import Prices
from ..errors import BadInput
from ..report import documents as written
from ..report import evidence
from ..report.evidence.document import plain
from .calls import GitHub
from .documents import CHANGED, PLAN, Left

LONGEST = 60_000
"""Characters of a comment: GitHub takes 65,536."""
LINK = re.compile(r"https://[\w.:/?=&%~+-]{1,500}")
AUTHOR = "github-actions[bot]"
Lines = Iterator[str]


@dataclass(frozen=True)
class Run:
    """The run of a workflow that a comment is about."""

    kind: str
    commit: str
    head: str
    link: str


def body(config: Config, prices: Prices, run: Run, found: list[Left]) -> tuple[str, bool]:
    """The comment, and whether it says anything that is worth a new one."""
    parts = [list(part) for each in _ordered(found) if (part := list(_part(config, prices, each)))]
    text = [line for part in parts for line in (*part, "")]
    if not parts:
        text = ["Nothing that training depends on has changed.", ""]
    head = [mark(run.kind), f"## {run.kind}", ""]
    foot = [f"Of {run.commit[:10]}, by [this run]({run.link})."]
    kept, room = [], LONGEST - sum(len(line) + 1 for line in (*head, *foot)) - 100
    for line in text:
        room -= len(line) + 1
        if room < 0:
            kept += ["", "</details>", "", "… the rest is in the run's files."]
            break
        kept.append(line)
    return "\n".join([*head, *kept, *foot]) + "\n", bool(parts)


def mark(kind: str) -> str:
    """What a comment of this kind begins with; nobody sees it."""
    if not re.fullmatch(r"[a-z -]+", kind):
        raise BadInput(f"{kind!r} is no kind of comment")
    return f"<!-- mlops: {kind} -->"


def _ordered(found: list[Left]) -> list[Left]:
    """Azure before the runner: there the gate has compared with the champion."""
    return sorted(found, key=lambda left: (left.what == "local", left.what))


def _part(config: Config, prices: Prices, left: Left) -> Lines:
    """What one job has to say."""
    yield from (f"- {plain(left.what)}: {plain(problem)}" for problem in left.problems)
    if CHANGED in left.documents:
        return
    if PLAN in left.documents:
        yield from _guarded(_plan, left.documents[PLAN])
        return
    run = left.documents.get(written.RUN, {})
    evaluation, verdict = (left.documents.get(name) for name in (written.EVALUATION, written.VERDICT))
    where = "on the runner" if left.what == "local" else f"in {plain(left.what)}"
    if evaluation is None or verdict is None:
        status = plain(run.get("status", "unknown"))
        yield f"**No verdict {where}**: training ended before the gate. Status: {status}."
    else:
        yield f"Trained and judged {where}:"
        yield ""
        yield from _guarded(evidence.lines, evaluation, verdict, markdown=True)
    yield ""
    yield from _guarded(_cost, config, prices, run)


def _guarded(render: Any, *given: Any, **named: Any) -> list[str]:
    """The lines of a document; one that cannot be rendered says so instead of ending the job."""
    try:
        return list(render(*given, **named))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        return [f"A document of this run cannot be shown: {plain(type(error).__name__)}."]


def _cost(config: Config, prices: Prices, run: dict[str, Any]) -> Lines:
    """What the steps took, and cost where somebody bills for it; and where the run is to be seen."""
    steps = run.get("steps") or []
    known = all(step["seconds"] is not None for step in steps)
    seconds = sum(float(step["seconds"] or 0) for step in steps)
    reused = sum(bool(step["reused"]) for step in steps)
    said = f"{len(steps)} steps, {reused} of them reused" + (f", {seconds:,.0f} s of nodes" if known else "")
    target = config.targets.get(str(run.get("target")))
    if target and known and run["target"] != "local":
        price = prices.prices.get(target.instance_type)
        if price:
            said += f", {seconds / 3600 * price.price:.2f} {prices.currency} ({target.instance_type}, list price)"
    link = str(run.get("link") or "")
    yield f"{said}." + (
        f" [{plain(run['job'])}]({link})" if run["target"] != "local" and LINK.fullmatch(link) else ""
    )


def _plan(document: dict[str, Any]) -> Lines:
    """The effect of a change on a target, resource by resource."""
    for each in document["deployments"]:
        changes = each["changes"]
        title = f"### {plain(each['target'])} ({plain(each['deployment'])})"
        said = f"{len(changes)} to change" if changes else "no change"
        yield f"{title}: {said}, {int(each['unchanged'])} unchanged"
        yield ""
        for change in changes:
            yield f"- **{plain(change['action'])}** {plain(change['type'])} {plain(change['name'])}"
            yield from (f"  - {plain(line)}" for line in change["differences"])
        yield from (f"- no longer named, it stays: {plain(name)}" for name in each["detached"])
        yield ""


def numbers(github: GitHub, run: Run) -> list[int]:
    """The open pull requests from this branch whose head is this commit, as GitHub says."""
    asked = github.pages(f"pulls?state=open&head={quote(run.head, safe=':')}")
    return [int(each["number"]) for each in asked if each["head"]["sha"] == run.commit]


def write(github: GitHub, number: int, kind: str, text: str, *, new: bool) -> str:
    """Write the comment of a kind on a pull request: `written`, `changed`, or `left out`."""
    place = f"issues/{number}/comments"

    def own() -> dict[str, Any] | None:
        listed = github.pages(place)
        mine = (each for each in listed if each["user"]["login"] == AUTHOR)
        return next((each for each in mine if str(each["body"]).startswith(mark(kind))), None)

    if not new and own() is None:
        return "left out"
    there, created = github.once(own, lambda: github.create(place, {"body": text}))
    if created or there is None:
        return "written"
    github.write("PATCH", f"issues/comments/{there['id']}", {"body": text})
    return "changed"
