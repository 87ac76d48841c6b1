"""Early termination: which trial is stopped, by what it and the others have logged up to an interval.

An interval is one value of the primary metric that a trial logs. Of all scores here higher is better, so that the
best is the maximum. Rules: learn.microsoft.com, how-to-tune-hyperparameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

History = Mapping[str, Sequence[float]]
"""What each trial has logged, in order, oldest trial first; one that has logged nothing is none."""


@dataclass(frozen=True)
class Policy:
    """When a trial is looked at, and the rule by which it is stopped. A rule is called with histories cut at
    the interval; it says whether the trial of that name is to be stopped."""

    name: str
    options: dict[str, Any]
    rule: Callable[[str, History], bool]
    interval: int = 1
    delay: int = 0

    def is_due(self, interval: int) -> bool:
        """Whether a trial is looked at after its `interval`th value."""
        return interval >= self.delay and interval % self.interval == 0

    def stops(self, trial: str, history: History, since: int = 0) -> bool:
        """Whether a trial is to be stopped for what it has logged after its first `since` values."""
        for interval in range(since + 1, len(history[trial]) + 1):
            cut = {name: values[:interval] for name, values in history.items() if values}
            if self.is_due(interval) and self.rule(trial, cut):
                return True
        return False


def bandit(factor: float | None, amount: float | None, minimized: bool) -> Callable[[str, History], bool]:
    """Stops what is farther from the best than a share of it, or than an amount.

    Of a metric that is maximized, less than best / (1 + factor) is too far; of one that is minimized, more than
    best × (1 + factor). Both are distances, so that the best itself is never too far, whatever its sign.
    """

    def rule(trial: str, history: History) -> bool:
        best = max(max(values) for values in history.values())
        if amount is not None:
            distance = amount
        else:
            distance = abs(best) * ((factor or 0) if minimized else 1 - 1 / (1 + (factor or 0)))
        return max(history[trial]) < best - distance

    return rule


def median_stopping(trial: str, history: History) -> bool:
    """Stops what has its best below the median of the running averages of all."""
    return max(history[trial]) < median(fmean(values) for values in history.values())


def truncation(percentage: float) -> Callable[[str, History], bool]:
    """Stops what is among the lowest `percentage` of all, finished ones too; of equals the later goes first."""

    def rule(trial: str, history: History) -> bool:
        ages = {name: number for number, name in enumerate(history)}
        order = sorted(history, key=lambda name: (max(history[name]), -ages[name]))
        return order.index(trial) < math.floor(len(order) * percentage / 100)

    return rule


def read(values: Mapping[str, Any] | None, minimized: bool) -> Policy | None:
    """The policy of the wire, its names in snake case. Raises ValueError for one that is none."""
    if not values:
        return None
    kind = str(values.get("policy_type") or values.get("type") or "").lower().replace("_", "")
    interval, delay = int(values.get("evaluation_interval") or 1), int(values.get("delay_evaluation") or 0)
    if interval < 1 or delay < 0:
        raise ValueError("evaluation_interval is at least 1, delay_evaluation at least 0")
    options: dict[str, Any] = {"evaluation_interval": interval, "delay_evaluation": delay}
    if kind == "bandit":
        factor, amount = (_number(values, name) for name in ("slack_factor", "slack_amount"))
        if (factor is None) == (amount is None):
            raise ValueError("a bandit policy has either slack_factor or slack_amount")
        if min(each for each in (factor, amount) if each is not None) < 0:
            raise ValueError("slack_factor and slack_amount are not below zero")
        slack = {"slack_factor": factor} if amount is None else {"slack_amount": amount}
        return Policy("Bandit", {**options, **slack}, bandit(factor, amount, minimized), interval, delay)
    if kind == "medianstopping":
        return Policy("MedianStopping", options, median_stopping, interval, delay)
    if kind == "truncationselection":
        percentage = _number(values, "truncation_percentage") or 0
        if not 1 <= percentage <= 99:
            raise ValueError("truncation_percentage is from 1 to 99")
        options |= {"truncation_percentage": int(percentage), "exclude_finished_jobs": False}
        return Policy("TruncationSelection", options, truncation(percentage), interval, delay)
    raise ValueError(f"'{kind}' is no early termination policy: bandit, median_stopping, truncation_selection")


def _number(values: Mapping[str, Any], name: str) -> float | None:
    """A number, where there is one: the SDK sends 0 for a slack that was not given."""
    given = values.get(name)
    return float(given) if given else None
