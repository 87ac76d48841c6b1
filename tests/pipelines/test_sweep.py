"""`mlops train --sweep`: the parameters of a family are searched, and the best trial is the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops.workspace import logs
from tests.emulator import ended
from tests.local.steps import job, pipeline

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def swept(command: str) -> Any:
    """A graph with one step, which tries a command twice."""
    from azure.ai.ml.sweep import Choice

    def graph() -> None:
        trials = job(command, inputs={"x": 0})(x=Choice(values=[1, 2]))
        train = trials.sweep(
            primary_metric="score", goal="maximize", sampling_algorithm="grid", max_total_trials=2
        )
        train.name = "train"

    return pipeline(graph)


def test_a_swept_step_that_failed_says_why_its_first_trial_did(ml_client: MLClient) -> None:
    name = ml_client.jobs.create_or_update(swept("echo 'error: x is ${{inputs.x}}' >&2; exit 2")).name
    assert ended(ml_client, name).status == "Failed"
    assert logs.failure(ml_client, name) == "train failed: x is 1"


def test_the_log_of_a_swept_step_leads_to_those_of_its_trials(ml_client: MLClient) -> None:
    name = ml_client.jobs.create_or_update(swept("echo x is ${{inputs.x}}")).name
    ended(ml_client, name)
    (log,) = logs.logs_of(ml_client, name, "train")
    assert log.text
    assert f"Scheduling job, id='{log.step.id}_1'" in log.text
    assert [each.text for each in logs.logs_of(ml_client, f"{log.step.id}_1")] == ["x is 2"]
