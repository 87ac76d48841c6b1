"""release.json (schema release/1) as text, as Markdown for a workflow's summary, and as one page of HTML."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

from ..output import table

WORDS = {
    "under way": "is under way, or was broken off",
    "succeeded": "has all the traffic",
    "rolled back": "was stopped, and the traffic is where it was before",
    "abandoned": "was broken off, and another version was released",
}
PHASES = ("phase", "verdict", "requests", "errors", "p50 ms", "p99 ms", "looked until")
STYLE = "body{font:15px/1.5 system-ui;max-width:60em;margin:2em auto}td,th{padding:.2em .8em;text-align:left}"


def lines(document: Mapping[str, Any], *, markdown: bool = False) -> list[str]:
    """The record for a person: how it ended and why, what was shown, what was done."""
    title, *rest = _headline(document)
    found = [f"### {title}" if markdown else title, "", *(f"- {line}" for line in rest)]
    if document["phases"]:
        found += ["", *table(PHASES, _phases(document), markdown=markdown)]
    if reasons := _reasons(document):
        found += ["", *(f"- {line}" for line in reasons)]
    if document["steps"]:
        found += ["", *(f"{number}. {step['text']}" for number, step in enumerate(document["steps"], start=1))]
    return found


def page(document: Mapping[str, Any]) -> str:
    """The record as one file of HTML that needs nothing else."""
    title, *rest = _headline(document)
    body = [f"<h1>{html.escape(title)}</h1>", _list(rest)]
    if document["phases"]:
        head = "".join(f"<th>{html.escape(each)}</th>" for each in PHASES)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
            for row in _phases(document)
        )
        body.append(f"<h2>Phases</h2><table><tr>{head}</tr>{rows}</table>{_list(_reasons(document))}")
    steps = [f"{step['text']} ({step['ended'][:19]})" for step in document["steps"]]
    body.append(f"<h2>Steps</h2>{_list(steps)}")
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def _list(items: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(each)}</li>' for each in items)}</ul>"


def _headline(document: Mapping[str, Any]) -> list[str]:
    """What it is about and how it ended, then a line for each fact."""
    what = f"{document['model']} version {document['version']} behind {document['endpoint']}"
    before = document["before"]["traffic"]
    shares = ", ".join(f"{name} {share} %" for name, share in before.items()) or "nobody"
    facts = {
        "reason": document["reason"],
        "deployment": document["deployment"],
        "the traffic before": shares,
        "approved by": document.get("approved_by"),
        "begun": f"{document['began'][:19]} by {document.get('by')}",
        "ended": (document["ended"] or "")[:19],
        "bundle": document.get("bundle"),
        "logs": document.get("logs"),
        "release": document["id"],
    }
    said = [f"{name}: {value}" for name, value in facts.items() if value]
    return [f"{what} {WORDS[document['state']]}", *said]


def _phases(document: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """A row a phase; figures of the candidate, after the stroke those of the champion."""
    for phase in document["phases"]:
        name = phase["name"] if phase["name"] == "mirror" else f"{phase['name']} %"
        figures = phase.get("figures") or {}
        both = [figures.get(who) or {} for who in ("candidate", "champion")]
        cells = (
            "/".join(_text(each.get(field)) for each in both)
            for field in ("requests", "errors", "p50_ms", "p99_ms")
        )
        yield name, phase["decision"] or "", *cells, (phase.get("ended") or "")[11:19]


def _reasons(document: Mapping[str, Any]) -> list[str]:
    """What the proof and the last phase said."""
    proof = (document["proof"] or {}).get("reasons") or []
    last = (document["phases"][-1].get("reasons") or []) if document["phases"] else []
    return [*proof, *last]


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:.0f}"
