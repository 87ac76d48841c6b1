"""Reuse of unchanged steps, and each thing that must break it."""

from __future__ import annotations

import pytest

from tests.emulator import ended
from tests.local.steps import bare, children, job, logs, pipeline


def reused(client, graph, **settings) -> list[bool]:
    """Run a pipeline; of each of its steps, whether it was taken from an earlier run."""
    done = ended(client, client.jobs.create_or_update(pipeline(graph, **settings)).name)
    assert done.status == "Completed"
    return [run.properties.get("azureml.isreused") == "true" for run in children(client, done.name)]


def one(**options):
    def graph():
        step = job("cat main.txt; echo ${{inputs.n}}", **options)()  # noqa: F841 - the variable names the node

    return graph


@pytest.fixture
def step(code):
    (code / "main.txt").write_text("the code")
    return {"code": str(code), "inputs": {"n": 1}}


def test_the_reused_step_has_the_outputs_and_logs_of_its_source(ml_client, step):
    first, second = (
        ended(ml_client, ml_client.jobs.create_or_update(pipeline(one(**step))).name) for _ in range(2)
    )
    (ran,), (taken,) = children(ml_client, first.name), children(ml_client, second.name)
    assert taken.properties["azureml.reusedrunid"] == ran.name
    assert logs(ml_client, taken.name) == logs(ml_client, ran.name) == "the code1\n"


def test_code_breaks_it(ml_client, step, code):
    assert reused(ml_client, one(**step)) == [False]
    (code / "main.txt").write_text("other code")
    assert reused(ml_client, one(**step)) == [False]
    (code / "main.txt").write_text("the code")
    assert reused(ml_client, one(**step)) == [True]


@pytest.mark.parametrize(
    "change",
    [{"inputs": {"n": 2}}, {"environment_variables": {"A": "1"}}],
    ids=["parameter", "variable"],
)
def test_a_setting_breaks_it(ml_client, step, change):
    assert reused(ml_client, one(**step)) == [False]
    assert reused(ml_client, one(**{**step, **change})) == [False]
    assert reused(ml_client, one(**step)) == [True]


def test_an_environments_content_breaks_it_its_name_does_not(ml_client, step):
    def using(environment):
        registered = ml_client.environments.create_or_update(environment)
        return reused(ml_client, one(**step, environment=f"azureml:{registered.name}:{registered.version}"))

    assert using(bare()) == [False]
    assert using(bare("other", python="python=3.11")) == [False]
    assert using(bare("renamed")) == [True]


def test_an_inputs_version_breaks_it(ml_client, tmp_path):
    from azure.ai.ml import Input
    from azure.ai.ml.entities import Data

    for version in ("1", "2"):
        file = tmp_path / f"{version}.txt"
        file.write_text(version)
        ml_client.data.create_or_update(Data(name="d", version=version, type="uri_file", path=str(file)))

    def reading(version):
        source = Input(type="uri_file", path=f"azureml:d:{version}")

        def graph():
            step = job("cat ${{inputs.data}}", inputs={"data": source})()  # noqa: F841

        return graph

    assert [reused(ml_client, reading(v)) for v in ("1", "2", "1")] == [[False], [False], [True]]


def test_what_reads_a_changed_steps_output_runs_too(ml_client):
    from azure.ai.ml import Input, Output

    def chain(word):
        def graph():
            first = job(f"echo {word} > ${{{{outputs.out}}}}/x", outputs={"out": Output(type="uri_folder")})()
            second = job("cat ${{inputs.d}}/x", inputs={"d": Input(type="uri_folder")})
            last = second(d=first.outputs.out)  # noqa: F841

        return graph

    assert reused(ml_client, chain("a")) == [False, False]
    assert reused(ml_client, chain("b")) == [False, False]
    assert reused(ml_client, chain("a")) == [True, True]


def test_a_forced_run_runs_and_is_no_source(ml_client, step):
    assert reused(ml_client, one(**step), force_rerun=True) == [False]
    assert reused(ml_client, one(**step)) == [False]
    assert reused(ml_client, one(**step), force_rerun=True) == [False]
    assert reused(ml_client, one(**step)) == [True]


def test_a_step_that_is_not_deterministic_always_runs(ml_client, step):
    for _ in range(2):
        assert reused(ml_client, one(**step, is_deterministic=False)) == [False]


def test_a_failed_step_is_no_source(ml_client, tmp_path):
    works = tmp_path / "works"

    def graph():
        step = job(f"test -e {works}")()  # noqa: F841

    assert ended(ml_client, ml_client.jobs.create_or_update(pipeline(graph)).name).status == "Failed"
    works.touch()
    assert reused(ml_client, graph) == [False]
    assert reused(ml_client, graph) == [True]


def test_other_workspaces_are_no_source(local, step):
    assert [reused(local.client(), one(**step)) for _ in range(2)] == [[False], [False]]
