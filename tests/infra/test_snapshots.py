"""What each target would become, as files that a reviewer reads; INFRA_SNAPSHOTS=write writes them anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from .deployments import DEPLOYMENTS
from .plan import Plan

FOLDER = Path(__file__).parent / "snapshots"
REVIEWED = [name for name, each in DEPLOYMENTS.items() if each.reviewed]
REWRITE = "INFRA_SNAPSHOTS"


def golden(plan: Plan) -> str:
    """The resources in the order in which they are deployed, and the outputs."""
    document: dict[str, Any] = {"resources": plan.resources, "outputs": plan.outputs}
    return json.dumps(document, indent=1) + "\n"


@pytest.mark.parametrize("name", REVIEWED)
def test_the_plan_is_the_one_that_was_reviewed(plans: dict[str, Plan], name: str) -> None:
    path = FOLDER / f"{name}.json"
    if os.environ.get(REWRITE) == "write":
        path.write_text(golden(plans[name]))
    assert path.exists(), f"{path.name} is missing: {REWRITE}=write pytest tests/infra writes it"
    reviewed, now = json.loads(path.read_text()), json.loads(golden(plans[name]))
    assert now == reviewed, f"review the difference, then {REWRITE}=write pytest tests/infra"


def test_no_snapshot_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(REVIEWED)
