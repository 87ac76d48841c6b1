"""A run's evaluation, judged by the policy of today; and the approval of a model that needs one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .config import Config
from .errors import BadInput, GateRefused
from .gate.decide import NEEDS_APPROVAL, decide, lets_pass
from .gate.policy import policy_of
from .gate.shape import UnusableEvidence
from .report.evidence import sentence
from .workspace import runs

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def judge(client: MLClient, config: Config, job: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The evaluation of a run and the verdict on it. Raises BadInput where it cannot be judged."""
    evaluation = runs.read_output(client, job, "evaluation", "evaluation.json")
    try:
        return evaluation, decide(evaluation, policy_of(config))
    except UnusableEvidence as error:
        raise BadInput(f"the run {job} cannot be judged: {error}") from error


def approve(client: MLClient, config: Config, job: str, who: str, reason: str) -> dict[str, Any]:
    """The verdict with `who`'s approval in it. Raises BadInput without a reason, or with nothing to approve.

    Only what needs approval can be approved: a refusal or an indecision stays what it is.
    """
    if not reason.strip():
        raise BadInput("an approval needs a reason", 'mlops register JOB --approve "why it is safe"')
    _, verdict = judge(client, config, job)
    if verdict["decision"] != NEEDS_APPROVAL:
        raise BadInput(
            f"there is nothing to approve: {sentence(verdict)}",
            "only a model that needs approval can be approved; the gate's other verdicts stand",
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {**verdict, "approval": {"who": who, "when": now, "why": reason.strip()}}


def demand(verdict: dict[str, Any]) -> None:
    """Raises GateRefused unless the verdict lets the model be registered."""
    if not lets_pass(verdict):
        hint = (
            'mlops register JOB --approve "why it is safe"'
            if verdict["decision"] == NEEDS_APPROVAL
            else "docs/gate.md"
        )
        raise GateRefused(sentence(verdict), hint)
