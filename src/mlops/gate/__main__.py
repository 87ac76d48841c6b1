"""The gate as a step of the pipeline: `python -m mlops.gate`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from ..report import evidence as report
from . import junit, policy
from .decide import ACCEPT, decide
from .evidence import read
from .shape import UnusableEvidence

REFUSED = 1
UNUSABLE = 2
ARTIFACTS = Path("outputs")
"""Azure ML keeps what a step writes here as artifacts of its run: MLflow lists them without a call of ours."""


def main(arguments: list[str] | None = None) -> int:
    """Write the verdict and say it; 0 if it is accepted or a dry run, 1 if not, 2 without usable evidence."""
    parser = argparse.ArgumentParser(prog="gate")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder with evaluation.json")
    parser.add_argument("--policy", type=Path, required=True, help="JSON file with the policy")
    parser.add_argument(
        "--verdict", type=Path, required=True, help="folder for gate.json, gate.md, gate.xml and report.html"
    )
    options = parser.parse_args(arguments)
    try:
        evaluation = read(options.evaluation / "evaluation.json")
        verdict = decide(evaluation, policy.read(options.policy))
    except (OSError, UnusableEvidence) as error:
        sys.stderr.write(f"gate: {error}\n")
        return UNUSABLE
    page = report.page(evaluation, verdict)
    files = {
        "report.html": page,
        "gate.md": "\n".join(report.lines(evaluation, verdict, markdown=True)) + "\n",
        "gate.xml": junit.document(verdict),
        # the last one: whoever finds it finds the others
        "gate.json": json.dumps(verdict, indent=1) + "\n",
    }
    for name, text in files.items():
        _write(options.verdict / name, text)
    if "AZUREML_RUN_ID" in os.environ:
        _write(ARTIFACTS / "report.html", page)
    sys.stdout.write("\n".join(report.lines(evaluation, verdict)) + "\n")
    sys.stdout.flush()
    if verdict["decision"] == ACCEPT:
        return 0
    sys.stderr.write(f"gate: {report.sentence(verdict)}\n")
    return 0 if verdict["mode"] == "dry_run" else REFUSED


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


if __name__ == "__main__":
    sys.exit(main())
