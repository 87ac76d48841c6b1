"""What the gate judges by, from mlops.toml."""

from __future__ import annotations

from typing import Any

from ..config import Config


def policy_of(config: Config) -> dict[str, Any]:
    """The gate's policy, a document of schema gate-policy/1."""
    return {"schema": "gate-policy/1", "thresholds": dict(config.gate.thresholds)}
