"""What a rule is given, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .evidence import Evidence
from .shape import PERCENT

PASS, FAIL, UNDECIDED, APPROVAL, NOT_ASSESSED = "pass", "fail", "undecided", "approval", "not-assessed"


@dataclass(frozen=True)
class Finding:
    """What a rule says of one subject. `interval` and `value` are in the subject's own unit and direction."""

    subject: str
    outcome: str
    reason: str
    value: float | None = None
    limit: float | None = None
    interval: tuple[float, float] | None = None

    def document(self) -> dict[str, Any]:
        """As a row of gate/2, without the rule's name."""
        return {
            "subject": self.subject,
            "outcome": self.outcome,
            "value": self.value,
            "limit": self.limit,
            "interval": list(self.interval) if self.interval else None,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Case:
    """The evidence and the policy that it is judged by, both checked."""

    evidence: Evidence
    policy: dict[str, Any]

    @property
    def primary(self) -> str:
        """The metric that the policy names, else the one that the domain suggests."""
        return str(self.policy["primary"] or self.evidence.document["primary"])

    @property
    def level(self) -> str:
        """The two-sided level whose ends bound with the policy's one-sided confidence: 0.95 → "0.9"."""
        return f"{2 * self.policy['confidence'] - 1:.2f}".rstrip("0")

    def margin(self, metric: str, margin: float | str) -> float:
        """A margin in the metric's unit; one in percent is that share of the champion's value."""
        if isinstance(margin, str):
            share = PERCENT.fullmatch(margin)
            assert share is not None  # noqa: S101 - the policy has been checked
            return float(share[1]) / 100 * abs(self.evidence.value(metric, "champion"))
        return float(margin)

    def number(self, metric: str, value: float, *, sign: bool = False) -> str:
        """A value of the metric as text, with the metric's digits."""
        return f"{value:{'+' if sign else ''}.{self.evidence.describe(metric)['digits']}f}"
