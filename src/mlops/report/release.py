"""The plan of a release as a list: what would be done, in its order."""

from __future__ import annotations

from typing import Any


def lines(document: dict[str, Any], *, markdown: bool = False) -> list[str]:
    """Lines for a terminal or, with `markdown`, for a pull request's summary."""
    what = f"{document['model']} version {document['version']} behind {document['endpoint']}"
    notes = [f"another release is at work: {document['lease']}"] if document["lease"] else []
    notes += [document["quota"]] if document["quota"] else []
    steps = [f"{number}. {step['text']}" for number, step in enumerate(document["steps"], start=1)]
    if not steps:
        steps = [f"nothing to do: {document['deployment']} has all the traffic"]
    return [f"### {what}", "", *notes, *([""] if notes else []), *steps] if markdown else [what, *notes, *steps]
