"""The gate: evidence and thresholds in, a verdict out. A step of the pipeline, and `mlops gate`.

It needs nothing but the standard library: the step's snapshot is this one file.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

REFUSED = 1
UNUSABLE = 2


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


def main(arguments: list[str] | None = None) -> int:
    """Write verdict.json and say the verdict; 0 if the candidate passes, 1 if not, 2 without usable evidence."""
    parser = argparse.ArgumentParser(prog="gate")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder with evaluation.json")
    parser.add_argument("--policy", type=Path, required=True, help="JSON file with the thresholds")
    parser.add_argument("--verdict", type=Path, required=True, help="folder for verdict.json")
    options = parser.parse_args(arguments)
    try:
        evaluation = json.loads((options.evaluation / "evaluation.json").read_text())
        policy = json.loads(options.policy.read_text())
        verdict = decide(evaluation, policy)
    except (OSError, ValueError, UnusableEvidence) as error:
        sys.stderr.write(f"gate: {error}\n")
        return UNUSABLE
    options.verdict.mkdir(parents=True, exist_ok=True)
    partial = options.verdict / ".verdict.partial"
    partial.write_text(json.dumps(verdict, indent=1))
    partial.replace(options.verdict / "verdict.json")
    for check in verdict["checks"]:
        mark = "ok  " if check["passed"] else "FAIL"
        sys.stdout.write(f"{mark} {check['metric']} {check['value']:.4f} (at least {check['threshold']:g})\n")
    if verdict["decision"] == "pass":
        sys.stdout.write(f"gate: {verdict['candidate']} passes\n")
        return 0
    sys.stdout.flush()
    sys.stderr.write(f"gate: {verdict['candidate']} is refused: {'; '.join(verdict['reasons'])}\n")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
