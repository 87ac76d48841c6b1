"""The decision: evidence and thresholds in, a verdict out."""

from __future__ import annotations

import math
from typing import Any


class UnusableEvidence(Exception):
    """The evaluation or the policy cannot be judged."""


def decide(evaluation: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """The verdict on the selected candidate, a document of schema gate/1.

    It passes if every metric that the policy names is a finite number and at least its threshold.
    Raises UnusableEvidence where the evaluation lacks a metric that the policy names.
    """
    metrics, thresholds = evaluation.get("metrics"), policy.get("thresholds")
    if not isinstance(metrics, dict) or not isinstance(thresholds, dict) or not thresholds:
        raise UnusableEvidence("the evaluation has no metrics or the policy no thresholds")
    checks = []
    for metric, threshold in thresholds.items():
        if metric not in metrics:
            known = ", ".join(sorted(metrics))
            raise UnusableEvidence(f"the policy names the metric {metric}; the evaluation has: {known}")
        value = float(metrics[metric])
        passed = math.isfinite(value) and value >= threshold
        checks.append({"metric": metric, "value": value, "threshold": threshold, "passed": passed})
    reasons = [
        f"{check['metric']} {check['value']:.4f} is below the threshold {check['threshold']:g}"
        for check in checks
        if not check["passed"]
    ]
    return {
        "schema": "gate/1",
        "decision": "refuse" if reasons else "pass",
        "candidate": evaluation.get("selected"),
        "checks": checks,
        "reasons": reasons,
    }
