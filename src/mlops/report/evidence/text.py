"""The report as lines: for a terminal, or as Markdown for a pull request."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...output import table, terminal
from .document import OUTCOMES, Report, plain

Rows = Iterable[Sequence[object]]
METRICS, SLICES = "Metrics", "Slices"
LONG = SLICES
"""The section that a pull request shows folded."""


def lines(evaluation: dict[str, Any], verdict: dict[str, Any], *, markdown: bool = False) -> list[str]:
    """Lines for a terminal or, with `markdown`, for a pull request, where text from the documents is escaped.

    A person at a terminal reads the end first, a reviewer the beginning: the verdict stands there.
    """
    report = Report(evaluation, verdict)
    return list(_markdown(report) if markdown else _terminal(report))


def _markdown(report: Report) -> Iterator[str]:
    yield from (f"### {plain(report.evaluation['title'])}", "", f"**gate: {plain(report.verdict_line)}**", "")
    if reasons := report.verdict["reasons"]:
        yield from (*(f"- {plain(reason)}" for reason in reasons), "")
    yield f"{plain(report.sample)}; {plain(report.against)}."
    for title, head, rows in _sections(report):
        cells = [[plain(cell) for cell in row] for row in rows]
        if cells:
            yield ""
            yield f"<details><summary>{title}</summary>" if title == LONG else f"#### {title}"
            yield ""
            yield from table([plain(cell) for cell in head], cells, markdown=True)
            yield from (["", "</details>"] if title == LONG else [])
    yield from ("", f"selected by {plain(report.selected)}")


def _terminal(report: Report) -> Iterator[str]:
    facts = [f"{name}: {value}" for name, value in report.part("facts")]
    for line in (report.evaluation["title"], report.sample, report.against, *facts):
        yield from _wrapped(line)
    for title, head, rows in _sections(report):
        cells = [[" ".join(str(cell).split()) for cell in row] for row in rows]
        if cells:
            yield from ("", title, "", *table(head, cells))
    yield from ("", *_wrapped(f"selected by {report.selected}"), *_wrapped(f"gate: {report.verdict_line}"))
    for reason in report.verdict["reasons"]:
        yield from _wrapped(f"- {reason}", "  ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, terminal(), subsequent_indent=indent)


def _sections(report: Report) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """Title, head and rows of each table; those without rows are left out."""
    champion = report.champion.get("name", "champion")
    difference = f"difference [{float(report.level) * 100:g} %]"
    yield METRICS, ["metric", report.candidate["name"], champion, difference], report.metric_rows()
    rules = [
        (each["rule"], each["subject"], OUTCOMES[each["outcome"]], each["reason"]) for each in report.rule_rows()
    ]
    yield "Gate", ["rule", "subject", "outcome", "reason"], rules
    yield SLICES, ["slice", "events", "candidate", "champion", difference], report.slice_rows()
    yield "Gaps between groups", ["slice", "metric", "gap [90 %]", "between"], report.gap_rows()
    yield "Candidates", ["candidate", report.title(report.evaluation["primary"])], report.candidate_rows()
