"""The model card of a version: what it is, what it was trained on, how well it does and who answers for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def card(lineage: Mapping[str, Any]) -> str:
    """The card as Markdown, from the lineage and from nothing else."""
    return "\n".join(_lines(lineage)) + "\n"


def _lines(lineage: Mapping[str, Any]) -> Iterator[str]:
    evaluation, gate, training = lineage["evaluation"], lineage["gate"], lineage["training"]
    provenance, artifact = lineage["provenance"], lineage["artifact"]
    data, code, by = provenance["data"], provenance["code"], provenance["by"]
    yield f"# {lineage['name']} version {lineage['version']}"
    yield from ("", f"{evaluation['title']}.")
    yield from ("", "## What it is", "")
    yield from _table(
        ("", ""),
        [
            ("family", evaluation["selected"]),
            ("selected by", evaluation["selected_by"]),
            ("parameters", _pairs(training.get("parameters", {}))),
            ("seed", training.get("seed", "")),
            ("features", ", ".join(training.get("features", []))),
            ("framework", f"{artifact['framework']['flavour']} {artifact['framework']['version']}"),
            ("artifact", f"{artifact['file']}, {artifact['bytes']:,} bytes, SHA-256 {artifact['sha256']}"),
        ],
    )
    yield from ("", "## What it was trained and tested on", "")
    counted = [(name, evaluation["data"].get(name)) for name in ("rows", "units", "events")]
    yield from _table(
        ("", ""),
        [
            ("data", f"{data['name']}:{data['version']}, SHA-256 {data.get('content_sha256', 'unknown')}"),
            *evaluation.get("facts", []),
            *((f"test {name}", f"{value:,}") for name, value in counted if value is not None),
        ],
    )
    yield from ("", "## How well it does", "")
    yield from _table(("metric", "value", "95 % interval"), _metrics(evaluation))
    not_assessed = [each for each in evaluation.get("slices") or [] if not each["assessed"]]
    if not_assessed:
        yield from ("", "Not assessed, for want of rows:", "")
        yield from (f"- {each['slice']} {each['group']}: {each['reason']}" for each in not_assessed)
    yield from ("", "## Why it was let pass", "")
    against = f" against {gate['champion']}" if gate["champion"] else ", no version was in production"
    yield f"Verdict: {gate['decision']}{against}."
    for alarm in evaluation.get("alarms") or []:
        yield f"Alarm: {alarm['text']}"
    yield from ("", "## Who answers for it", "")
    state = " with changes that are not committed" if code["dirty"] else ""
    yield f"Submitted by {by['name']} at {provenance['submitted']}, commit {code['commit'] or 'unknown'}{state}."
    yield f"Everything else: `mlops lineage {lineage['name']}:{lineage['version']}`."


def _metrics(evaluation: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    candidate = evaluation["candidate"]
    for name, value in candidate["values"].items():
        about = evaluation["metrics"][name]
        ends = candidate["intervals"].get(name, {}).get("0.95") or []
        interval = " to ".join(f"{end:.{about['digits']}f}" for end in ends)
        yield (about["title"], "" if value is None else f"{value:.{about['digits']}f}", interval)


def _table(head: Sequence[str], rows: Any) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
