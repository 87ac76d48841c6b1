"""The decision: evidence and policy in, a verdict out, a document of schema gate/2."""

from __future__ import annotations

from typing import Any

from .case import APPROVAL, FAIL, UNDECIDED, Case
from .evidence import Evidence
from .policy import checked
from .rules import judge
from .shape import UnusableEvidence

__all__ = ["ACCEPT", "NEEDS_APPROVAL", "UnusableEvidence", "decide", "lets_pass"]

SCHEMA = "gate/2"
ACCEPT, REJECT, NEEDS_APPROVAL = "accept", "reject", "needs-approval"
PRECEDENCE = ((FAIL, REJECT), (UNDECIDED, "undecided"), (APPROVAL, NEEDS_APPROVAL))
"""The first outcome of these that any rule has decides; the candidate is accepted where none has."""


def decide(evaluation: Any, policy: Any) -> dict[str, Any]:
    """The verdict on the selected candidate.

    Raises UnusableEvidence where the evaluation or the policy is not what it must be, or where the one lacks what
    the other names.
    """
    case = Case(Evidence.of(evaluation), checked(policy))
    rules = judge(case)
    decision, decisive = ACCEPT, ""
    for outcome, word in PRECEDENCE:
        if any(rule["outcome"] == outcome for rule in rules):
            decision, decisive = word, outcome
            break
    champion = case.evidence.document.get("champion")
    return {
        "schema": SCHEMA,
        "decision": decision,
        "mode": case.policy["mode"],
        "candidate": case.evidence.document["candidate"]["name"],
        "champion": champion["name"] if champion else None,
        "rules": rules,
        "reasons": [rule["reason"] for rule in rules if rule["outcome"] == decisive],
        "policy": case.policy,
        "approval": None,
    }


def lets_pass(verdict: dict[str, Any]) -> bool:
    """Whether the candidate may be registered: accepted, approved by a person, or judged in a dry run only."""
    return bool(
        verdict["decision"] == ACCEPT
        or verdict["mode"] == "dry_run"
        or (verdict["decision"] == NEEDS_APPROVAL and verdict.get("approval"))
    )
