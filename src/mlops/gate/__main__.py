"""The gate as a step of the pipeline: `python -m mlops.gate`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .decide import UnusableEvidence, decide

REFUSED = 1
UNUSABLE = 2


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
