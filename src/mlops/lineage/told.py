"""What `mlops reproduce` found, for people."""

from __future__ import annotations

from typing import Any

from ..output import table
from .verdict import CLOSE, IDENTICAL


def reproduction(document: dict[str, Any], *, markdown: bool = False) -> list[str]:
    """Lines for a terminal or, with `markdown`, for a pull request's summary."""
    rows = [(step["step"], step["outcome"], step["output"], *_values(step)) for step in document["steps"]]
    heading = [f"### {document['model']}", ""] if markdown else []
    return [
        *heading,
        *table(("step", "outcome", "output", "then", "now"), rows, markdown=markdown),
        "",
        f"{document['model']}: {document['verdict']}{_first(document)}",
        _claim(document),
        *(f"note: {note}" for note in document["notes"]),
    ]


def _values(step: dict[str, Any]) -> tuple[str, str]:
    """Both values, short; the second only where it is another."""
    before, again = (value if " " in value else value[:12] for value in (step["before"], step["again"]))
    return before, "the same" if step["before"] == step["again"] else again


def _first(document: dict[str, Any]) -> str:
    return f"; the first step whose output differs is {document['first']}" if document["first"] else ""


def _claim(document: dict[str, Any]) -> str:
    """What the machines allow to be said."""
    machine = document["machine"]
    if document["verdict"] == IDENTICAL:
        return "the file that answers requests is the same, byte by byte"
    differs = ", ".join(machine["differs"])
    if not machine["known"]:
        return "the version does not say on which kind of machine it was trained: equal bits cannot be asked for"
    if machine["same"]:
        return "machine and libraries are the same: the difference is one of code, data or chance"
    if document["verdict"] == CLOSE:
        return f"the machines or libraries differ ({differs}): equal bits were not to be expected"
    return f"the machines or libraries differ ({differs}): they may be why"
