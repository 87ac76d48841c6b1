"""The rules of the gate, a row each. All must pass, so none is corrected for the others.

A rule reads the evidence and the policy and yields findings. `python -m mlops.gate.rules` prints the table of
docs/gate.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import comparing, measuring
from .case import Case, Finding


@dataclass(frozen=True)
class Rule:
    """One row: its name, what it reads, how it judges, what holds if mlops.toml says nothing, and why it is."""

    name: str
    reads: str
    judges: str
    default: str
    meaning: str
    judge: Callable[[Case], Iterator[Finding]]
    first: bool = False
    """Whether a first model, which has no champion, is judged by it too."""


RULES = (
    Rule(
        "floors",
        "`candidate.values`",
        "value at or above the floor (at or below, where lower is better), else fail",
        "none; at least one is demanded",
        "What a model must reach whatever the champion does: it stops a slow slide from margin to margin.",
        measuring.floors,
        first=True,
    ),
    Rule(
        "baselines",
        "`comparisons` with each of `baselines`",
        "lower bound above 0; fail if the difference itself is not above 0",
        "on",
        "A model that does not beat a constant or a single feature has learned nothing worth running.",
        comparing.baselines,
        first=True,
    ),
    Rule(
        "alarms",
        "`alarms`",
        "any is a fail",
        "on",
        "Leakage, test rows seen in training, features that know the future: the other numbers mean nothing then.",
        measuring.alarms,
        first=True,
    ),
    Rule(
        "champion",
        "`champion.problem`",
        "a champion that could not be scored on the same rows needs approval",
        "on",
        "Without a comparison a person has to say why the change is safe.",
        comparing.champion,
        first=True,
    ),
    Rule(
        "events",
        "`data.events`",
        "fewer than `minimum_events` is undecided",
        "`minimum_events = 30`",
        "The effective sample size: below it the intervals themselves are not to be trusted.",
        comparing.events,
    ),
    Rule(
        "primary",
        "`comparisons` with the champion",
        "non-inferiority: lower bound above -margin; upper bound below -margin is a fail, else undecided. "
        "superiority: the same with 0",
        '`rule = "non-inferiority"`, `margin = 0.02`, `confidence = 0.95`',
        "Not worse than what runs by more than was agreed beforehand, shown and not assumed.",
        comparing.primary,
    ),
    Rule(
        "gain",
        "`comparisons` of the metrics in `any_of`",
        "better in at least one, by Holm's correction; fail if worse in all of them, else undecided",
        '`rule = "any"` asks for it',
        "For a change that has to earn its place; where any of several would do, chance gets several tries.",
        comparing.gain,
    ),
    Rule(
        "guardrails",
        "`comparisons` with the champion",
        "non-inferiority, each with a margin of its own",
        "none",
        "What may not be paid for a better primary metric.",
        comparing.guardrails,
    ),
    Rule(
        "calibration",
        "`comparisons` of `calibration.metrics`",
        "non-inferiority, each with its margin in `calibration`",
        "none",
        "A score that orders well may still lie as a probability, and costs are computed from it.",
        comparing.calibration,
    ),
    Rule(
        "slices",
        "`slices[].comparison`",
        "fail if the upper bound is below -margin; pass if the lower bound is above it, else not assessed",
        'none; `not_assessed = "report"`',
        "A group must not pay for the others. Small groups decide nothing: they are named, and never passed.",
        comparing.slices,
    ),
    Rule(
        "latency",
        "`operations.latency_ms`",
        "fail above `limit` ms, or above `ratio` × the champion and `ignore_below` ms",
        "`ratio = 5`, `ignore_below = 0.05`, `limit = 50`",
        "Ten times slower is refused; what a busy machine adds, and a difference nobody can notice, is not.",
        measuring.latency,
        first=True,
    ),
    Rule(
        "size",
        "`operations.size_bytes`",
        "fail above `limit` MB, or above `ratio` × the champion and `ignore_below` MB",
        "`ratio = 10`, `ignore_below = 20`, `limit = 500`",
        "A model is loaded by every instance that starts.",
        measuring.size,
        first=True,
    ),
    Rule(
        "drift",
        "`drift.features[].psi`, `drift.scores`",
        "above `psi` needs approval",
        "`psi = 0.25`",
        "Not the candidate's fault, and a new model may be the cure: so a person looks, and it is no refusal. "
        "Undrifted weeks stay below 0.01; 0.25 is where the population is another one.",
        measuring.drift,
    ),
    Rule(
        "approvals",
        "`approvals` of the policy",
        "`first-model`: a model without a champion needs approval; `every-model`: each does",
        "none",
        "For whoever wants a person's word beside the gate's.",
        measuring.approvals,
        first=True,
    ),
)


def judge(case: Case) -> list[dict[str, Any]]:
    """The findings of all rules, as in gate/2. Raises UnusableEvidence where a rule lacks what it reads."""
    first = case.evidence.compared is None
    return [
        {"rule": rule.name, **finding.document()}
        for rule in RULES
        if rule.first or not first
        for finding in rule.judge(case)
    ]


def reference() -> list[str]:
    """The table of docs/gate.md."""
    rows = ["| rule | reads | judges | default | why |", "| --- | --- | --- | --- | --- |"]
    for rule in RULES:
        name = f"**{rule.name}**" if rule.first else rule.name
        rows.append(f"| {name} | {rule.reads} | {rule.judges} | {rule.default} | {rule.meaning} |")
    return rows


if __name__ == "__main__":
    sys.stdout.write("\n".join(reference()) + "\n")
