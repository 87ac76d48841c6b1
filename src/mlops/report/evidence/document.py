"""What the forms of the report have in common: numbers as text, and rows of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

OUTCOMES = {
    "fail": "FAIL",
    "undecided": "undecided",
    "approval": "approval",
    "not-assessed": "not assessed",
    "pass": "ok",
}
"""In the order in which a reader wants them."""
DECISIONS = {
    "accept": "is accepted",
    "reject": "is refused",
    "undecided": "is undecided",
    "needs-approval": "needs approval",
}
OPERATIONS = {"ms": (1.0, "ms"), "bytes": (1e6, "MB"), "seconds": (1.0, "s")}
"""The unit at the end of an operation's name, what a number of it is divided by, and how that reads."""


def sentence(verdict: dict[str, Any]) -> str:
    """The verdict in one line: `NAME is refused: why; and why`."""
    why = f": {'; '.join(verdict['reasons'])}" if verdict["reasons"] else ""
    return f"{verdict['candidate']} {DECISIONS[verdict['decision']]}{why}"


class Report:
    """Both documents, and what is asked of them again and again."""

    def __init__(self, evaluation: dict[str, Any], verdict: dict[str, Any]) -> None:
        self.evaluation = evaluation
        self.verdict = verdict
        self.metrics: dict[str, dict[str, Any]] = evaluation["metrics"]
        self.candidate: dict[str, Any] = evaluation["candidate"]
        self.champion: dict[str, Any] = evaluation.get("champion") or {}
        self.level = f"{2 * verdict['policy']['confidence'] - 1:.2f}".rstrip("0")
        self.primary: str = verdict["policy"]["primary"] or evaluation["primary"]

    def part(self, name: str) -> Any:
        """An optional part of the evaluation; empty where there is none."""
        return self.evaluation.get(name) or []

    @property
    def verdict_line(self) -> str:
        """The decision in a sentence, without its reasons."""
        dry = " (a dry run: nothing is held back)" if self.verdict["mode"] == "dry_run" else ""
        by = " and was approved" if self.verdict.get("approval") else ""
        return f"{sentence({**self.verdict, 'reasons': []})}{by}{dry}"

    @property
    def against(self) -> str:
        """Whom the candidate was compared with."""
        if not self.champion:
            return "a first model: there is no champion"
        problem = self.champion.get("problem")
        return f"against {self.champion['name']}" + (f", which could not be scored: {problem}" if problem else "")

    @property
    def sample(self) -> str:
        """How much the test rows are."""
        data = self.evaluation["data"]
        return (
            f"{data['rows']:,} rows of {data['units']:,} units ({data['unit']}), "
            f"with {data['events']:,} events ({data['event']})"
        )

    def number(self, metric: str, value: float | None, *, sign: bool = False) -> str:
        """A value of a metric with its digits; empty for none."""
        if value is None:
            return ""
        digits = self.metrics.get(metric, {}).get("digits", 3)
        return f"{value:{'+' if sign else ''}.{digits}f}"

    def difference(self, comparison: dict[str, Any] | None) -> str:
        """`+0.004 [-0.002, +0.010]` at the policy's level; empty for none."""
        if not comparison or comparison["value"] is None:
            return ""
        metric = comparison["metric"]
        value, low, high = (
            self.number(metric, number, sign=True)
            for number in (comparison["value"], *comparison["intervals"][self.level])
        )
        return f"{value} [{low}, {high}]"

    def compared(self, metric: str, reference: str = "champion") -> dict[str, Any] | None:
        """The comparison of a metric with the champion or a baseline."""
        pairs = self.evaluation["comparisons"]
        return next((c for c in pairs if (c["metric"], c["reference"]) == (metric, reference)), None)

    def title(self, metric: str) -> str:
        """A metric's title, with a word where lower is better."""
        known = self.metrics[metric]
        return f"{known['title']}{' (lower is better)' if known['direction'] == 'lower' else ''}"

    def metric_rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Title, candidate, champion and the difference of each metric; the primary one first."""
        values = self.champion.get("values") or {}
        for metric in sorted(self.metrics, key=lambda name: name != self.primary):
            yield (
                self.title(metric),
                self.number(metric, self.candidate["values"].get(metric)),
                self.number(metric, values.get(metric)),
                self.difference(self.compared(metric)),
            )

    def rule_rows(self) -> list[dict[str, Any]]:
        """The findings of the gate, what decides first."""
        order = list(OUTCOMES)
        return sorted(self.verdict["rules"], key=lambda rule: order.index(rule["outcome"]))

    def slice_rows(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Slice and group, events, both models' values, and the difference or why there is none."""
        for part in self.part("slices"):
            metric = (part.get("comparison") or {}).get("metric", self.evaluation["primary"])
            told = (
                self.difference(part.get("comparison"))
                if part["assessed"]
                else f"not assessed: {part.get('reason')}"
            )
            yield (
                f"{part['slice']}: {part['group']}",
                str(part["events"]),
                self.number(metric, (part.get("values") or {}).get(metric)),
                self.number(metric, (part.get("champion") or {}).get(metric)),
                told,
            )

    def gap_rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Slice, metric, the largest gap with its interval, and between which groups."""
        for gap in self.part("gaps"):
            ends = (gap.get("interval") or {}).get("0.9")
            told = self.number(gap["metric"], gap["value"])
            if ends and None not in ends:
                told += f" [{', '.join(self.number(gap['metric'], end) for end in ends)}]"
            yield gap["slice"], self.title(gap["metric"]), told, " / ".join(gap["groups"])

    @property
    def selected(self) -> str:
        """By what which candidate was selected."""
        return f"{self.evaluation['selected_by']}: {self.evaluation['selected']}"

    def candidate_rows(self) -> Iterator[tuple[str, str]]:
        """Each candidate and its primary metric on the test rows."""
        metric = self.evaluation["primary"]
        for candidate in self.evaluation["candidates"]:
            yield candidate["name"], self.number(metric, candidate["metrics"].get(metric))

    def operation_rows(self) -> Iterator[tuple[str, str, str]]:
        """Latency, size and the like of both models."""
        for name, both in (self.part("operations") or {}).items():
            words = name.rsplit("_", 1)
            scale, unit = OPERATIONS.get(words[-1], (1.0, ""))
            title = words[0].replace("_", " ") if unit else name.replace("_", " ")
            texts = [f"{both[who] / scale:.3g} {unit}".strip() if both.get(who) is not None else "" for who in WHO]
            yield title, texts[0], texts[1]


WHO = ("candidate", "champion")
MARKUP = re.compile(r"([\\`*_\[\]|~#!])")


def plain(text: object) -> str:
    """Text of somebody else's that cannot be taken for Markdown or HTML, on one line."""
    one_line = " ".join(str(text).split())
    safe = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return MARKUP.sub(r"\\\1", safe)
