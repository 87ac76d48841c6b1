"""Every kind of job of the table: submitted, followed, cancelled, by itself and as a node of a pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from azureml_local.jobs.types import ROWS
from tests.emulator import ended
from tests.local.steps import children, job, pipeline


def one() -> None:
    node = job("echo one")()  # noqa: F841


def sleeping() -> None:
    node = job("sleep 600")()  # noqa: F841


def nested(graph: Any) -> Any:
    from azure.ai.ml.dsl import pipeline as as_pipeline

    def outer() -> None:
        inner = as_pipeline(graph)()  # noqa: F841

    return outer


def swept(command: str) -> Any:
    from azure.ai.ml.sweep import Choice

    trials = job(command, inputs={"x": 0})(x=Choice(values=[1, 2]))
    return trials.sweep(primary_metric="score", goal="maximize", sampling_algorithm="grid", max_total_trials=2)


def sweeping() -> None:
    node = swept("echo ${{inputs.x}}")  # noqa: F841


EXAMPLES = {
    "Command": (lambda: job("echo one"), lambda: job("sleep 600"), one),
    "Pipeline": (lambda: pipeline(one), lambda: pipeline(sleeping), nested(one)),
    "Sweep": (lambda: swept("echo ${{inputs.x}}"), lambda: swept("sleep 600"), sweeping),
}
"""A job of the kind, one that does not end by itself, and the graph of a pipeline with a node of the kind."""

KINDS = pytest.mark.parametrize("kind", [kind.name for kind in ROWS])


def test_every_kind_is_tried():
    assert set(EXAMPLES) == {kind.name for kind in ROWS}


@KINDS
def test_a_job_of_each_kind_runs_to_its_end(ml_client, kind: str):
    submitted = ml_client.jobs.create_or_update(EXAMPLES[kind][0]())
    # the answer is what was stored, however quick the job is
    assert submitted.status == next(each.first for each in ROWS if each.name == kind)
    assert ended(ml_client, submitted.name).status == "Completed"
    assert [each.name for each in ml_client.jobs.list()] == [submitted.name]


@KINDS
def test_a_job_of_each_kind_is_cancelled(ml_client, kind: str):
    name = ml_client.jobs.create_or_update(EXAMPLES[kind][1]()).name
    ml_client.jobs.begin_cancel(name).result()
    assert ml_client.jobs.get(name).status == "Canceled"


@KINDS
def test_a_node_of_each_kind_runs_in_a_pipeline(ml_client, kind: str):
    name = ml_client.jobs.create_or_update(pipeline(EXAMPLES[kind][2])).name
    assert ended(ml_client, name).status == "Completed"
    assert [child.status for child in children(ml_client, name)] == ["Completed"]
