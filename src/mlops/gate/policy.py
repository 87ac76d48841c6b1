"""What the gate judges by: the part [gate] of mlops.toml, as the document that the step is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .shape import UnusableEvidence, count, each, mapping, margin, maybe, number, one_of, reading, record, text

if TYPE_CHECKING:
    from ..config import Config

SCHEMA = "gate-policy/2"
OPERATION = record({"ratio": number, "ignore_below": number, "limit": number})
POLICY = record(
    {
        "schema": one_of(SCHEMA),
        "mode": one_of("enforce", "dry_run"),
        "primary": maybe(text),
        "rule": one_of("non-inferiority", "superiority", "any"),
        "any_of": each(text),
        "margin": margin,
        "confidence": one_of(0.9, 0.95, 0.975, 0.99, 0.995),
        "minimum_events": count,
        "floors": mapping(number, least=1),
        "guardrails": mapping(margin),
        "calibration": mapping(margin),
        "slices": record({"margin": maybe(margin), "not_assessed": one_of("report", "approval", "undecided")}),
        "latency": OPERATION,
        "size": OPERATION,
        "drift": record({"psi": number}),
        "approvals": each(one_of("first-model", "every-model")),
    }
)


def policy_of(config: Config) -> dict[str, Any]:
    """The gate's policy, a document of schema gate-policy/2."""
    return {"schema": SCHEMA, **config.gate.model_dump(mode="json")}


def read(file: Path) -> dict[str, Any]:
    """Read a policy. Raises UnusableEvidence with the path of what is wrong in it, OSError if there is none."""
    return reading(file, checked)


def checked(policy: Any) -> dict[str, Any]:
    """A policy that is one. Raises UnusableEvidence."""
    POLICY(policy, "")
    if policy["rule"] == "any" and not policy["any_of"]:
        raise UnusableEvidence('any_of: is empty, and rule = "any" needs the metrics of which any will do')
    return dict(policy)
