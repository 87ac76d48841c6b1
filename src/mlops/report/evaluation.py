"""The evaluation of a run as a table: every candidate, the thresholds, the verdict."""

from __future__ import annotations

from typing import Any

from ..output import table


def lines(evaluation: dict[str, Any], verdict: dict[str, Any], *, markdown: bool = False) -> list[str]:
    """Lines for a terminal or, with `markdown`, for a pull request's summary."""
    thresholds = {check["metric"]: check["threshold"] for check in verdict["checks"]}
    metrics = list(evaluation["metrics"])
    rows = []
    for candidate in evaluation["candidates"]:
        values = [f"{candidate['metrics'][metric]:.4f}" for metric in metrics]
        rows.append([candidate["name"], *values])
    rows.append(["threshold", *(f"{thresholds[m]:g}" if m in thresholds else "" for m in metrics)])
    protocol = evaluation["protocol"]
    window = [
        f"trained on {protocol['train_start']} up to {protocol['train_end']},",
        f"tested on {protocol['test_start']} up to {protocol['test_end']} "
        f"({protocol['rows']} transactions, {protocol['frauds']} frauds)",
    ]
    decision = {"pass": "passes", "refuse": "is refused"}[verdict["decision"]]
    ending = f": {'; '.join(verdict['reasons'])}" if verdict["reasons"] else ""
    heading = ["### Evaluation", ""] if markdown else []
    return [
        *heading,
        *window,
        "",
        *table(["candidate", *metrics], rows, markdown=markdown),
        "",
        f"selected by {evaluation['selected_by']}: {evaluation['selected']}",
        f"gate: {verdict['candidate']} {decision}{ending}",
    ]
