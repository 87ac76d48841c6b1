"""What `mlops compare` found, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from ..output import table, terminal

LISTED = 10
"""How many commits and files are shown; the JSON has all of them."""


def comparison(document: Mapping[str, Any], *, markdown: bool = False) -> list[str]:
    """Lines for a terminal or, with `markdown`, for a pull request's summary."""
    return [line.rstrip() for line in _lines(document, markdown=markdown)]


def _lines(document: Mapping[str, Any], *, markdown: bool) -> Iterator[str]:
    head = "### " if markdown else ""
    older, newer = document["older"], document["newer"]
    yield f"{head}{newer} against {older}"
    yield ""
    if document["title"]:
        yield from (f"{document['title']}, the rows on which {newer} was tested", "")
    columns = ("older", "newer", "difference", "95 % interval", "better")
    rows = [(each["title"], *_numbers(each)) for each in document["metrics"]]
    yield from table(("metric", *columns), rows, markdown=markdown)
    if document["slices"]:
        assessed = [each for each in document["slices"] if each["better"] != "not assessed"]
        others = len(document["slices"]) - len(assessed)
        yield from ("", f"Slices, by {document['primary']}; {others} not assessed:", "")
        rows = [(f"{each['slice']} {each['group']}", *_numbers(each)) for each in assessed]
        yield from table(("slice", *columns), rows, markdown=markdown)
    yield from ("", f"{head}What changed", "")
    for line in _changed(document["changed"]):
        if markdown:
            yield f"- {line}"
        else:
            yield from textwrap.wrap(line, terminal(), initial_indent="  ", subsequent_indent="    ")
    if document["shares"]:
        yield from ("", *_shares(document, markdown=markdown))


def _numbers(each: Mapping[str, Any]) -> tuple[str, ...]:
    digits = each["digits"]
    low, high = (f"{end:+.{digits}f}" for end in each["interval"])
    values = (f"{each[name]:.{digits}f}" for name in ("older", "newer"))
    return (*values, f"{each['difference']:+.{digits}f}", f"{low} to {high}", each["better"])


def _changed(changed: Mapping[str, Any]) -> Iterator[str]:
    if not any(changed.values()):
        yield "nothing that is recorded"
    if data := changed["data"]:
        yield f"data: {_arrow(data['asset'])}, {_arrow(data['rows'])} rows, up to {_arrow(data['last'])}"
        for word in ("added", "removed", "changed"):
            if files := data[f"files_{word}"]:
                yield f"data: {len(files)} files {word}: {', '.join(files[:3])}{', …' if len(files) > 3 else ''}"
    for name, values in changed["parameters"].items():
        yield f"parameter {name}: {_arrow(values)}"
    for word, names in changed["features"].items():
        if names:
            yield f"features {word}: {', '.join(names)}"
    if code := changed["code"]:
        yield from _code(code)
    for folder, packages in changed["environment"].items():
        yield f"environment {folder}: {', '.join(packages)}"


def _code(code: Mapping[str, Any]) -> Iterator[str]:
    commits = [
        (commit or "none")[:10] + ("*" if dirty else "")
        for commit, dirty in zip(code["between"], code["dirty"], strict=True)
    ]
    yield f"code: {_arrow(commits)}{' (* with changes that no commit holds)' if any(code['dirty']) else ''}"
    if not code["known"]:
        yield "code: these commits are not in this repository: git fetch"
        return
    for name in ("commits", "files"):
        yield from (f"{name} {line.strip()}" for line in code[name][:LISTED])
        if len(code[name]) > LISTED:
            yield f"{name} … and {len(code[name]) - LISTED} more"


def _shares(document: Mapping[str, Any], *, markdown: bool) -> Iterator[str]:
    total = sum(each["share"] for each in document["shares"])
    yield f"{'### ' if markdown else ''}How much of {total:+.4f} {document['primary']} each explains"
    yield ""
    rows = [
        (each["factor"], f"{each['share']:+.4f}", f"{each['share'] / total:.0%}" if total else "")
        for each in document["shares"]
    ]
    yield from table(("factor", "share", "of the whole"), rows, markdown=markdown)
    yield ""
    yield f"One at a time from {document['older']}; `together` is what they make only with one another."
    by = document["measured_by"]
    if document["run"] and not by["is_newer"]:
        here = (by["commit"] or "no commit")[:10]
        yield f"Measured with the code of this checkout, {here}, not that of {document['newer']}."


def _arrow(values: Any) -> str:
    before, after = ("none" if value is None else str(value) for value in values)
    return before if before == after else f"{before} → {after}"
