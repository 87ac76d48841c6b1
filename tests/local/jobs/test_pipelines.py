"""Pipelines: values along the graph, failures, nesting, what the SDK can read back."""

# no annotations of the future: azure-ai-ml reads those of a pipeline's inputs

import pytest

from tests.emulator import Emulator, ended, wait_for
from tests.local.steps import children, error_of, job, logs, pipeline, python


def submit(client, graph, *arguments, **settings):
    return client.jobs.create_or_update(pipeline(graph, *arguments, **settings))


def run(client, graph, *arguments, **settings):
    return ended(client, submit(client, graph, *arguments, **settings).name)


def by_name(client, name):
    return {child.display_name: child for child in children(client, name)}


def write(text):
    """A step that writes a text."""
    from azure.ai.ml import Output

    command = f"echo {text} > ${{{{outputs.out}}}}/text.txt"
    return job(command, outputs={"out": Output(type="uri_folder")})


def read(**inputs):
    """A step that passes on what it reads, with a word of its own."""
    from azure.ai.ml import Input, Output

    command = "(cat ${{inputs.data}}/text.txt; echo ${{inputs.word}}) > ${{outputs.out}}/text.txt"
    ports = {"data": Input(type="uri_folder"), "word": "more", **inputs}
    return job(command, inputs=ports, outputs={"out": Output(type="uri_folder")})


def text_of(client, name, output, folder):
    client.jobs.download(name, output_name=output, download_path=folder)
    return (folder / "named-outputs" / output / "text.txt").read_text()


def test_values_go_along_the_graph(ml_client, tmp_path):
    def graph(greeting="hello"):
        first = job(
            "echo ${{inputs.word}} > ${{outputs.out}}/text.txt", inputs={"word": "x"}, outputs=folder_output()
        )
        first = first(word=greeting)
        second = read()(data=first.outputs.out, word="world")
        third = read()(data=second.outputs.out)
        return {"result": third.outputs.out}

    done = run(ml_client, graph, "good morning")
    assert done.status == "Completed"
    assert text_of(ml_client, done.name, "result", tmp_path) == "good morning\nworld\nmore\n"
    steps = by_name(ml_client, done.name)
    assert set(steps) == {"first", "second", "third"}
    assert {step.status for step in steps.values()} == {"Completed"}
    assert text_of(ml_client, steps["second"].name, "out", tmp_path / "second") == "good morning\nworld\n"
    assert [j.name for j in ml_client.jobs.list()] == [done.name]


def test_a_pipeline_can_be_streamed(ml_client, capsys):
    def graph():
        first = write(text="x")()  # noqa: F841 - the variable names the node

    submitted = submit(ml_client, graph)
    ml_client.jobs.stream(submitted.name)
    assert submitted.name in capsys.readouterr().out


@pytest.mark.parametrize(("given", "said"), [({}, "--times 3"), ({"extra": "yes"}, "--times 3 --extra yes")])
def test_optional_inputs_and_defaults(ml_client, given, said):
    from azure.ai.ml import Input

    show = job(
        "echo --times ${{inputs.times}} $[[--extra ${{inputs.extra}}]]",
        inputs={
            "times": Input(type="integer", default=3),
            "extra": Input(type="string", optional=True),
        },
    )
    component = ml_client.components.create_or_update(named(show, "show"))

    def graph():
        step = component(**given)  # noqa: F841

    done = run(ml_client, graph)
    assert done.status == "Completed"
    (step,) = children(ml_client, done.name)
    assert logs(ml_client, step.name).strip() == said


def named(step, name: str):
    """The component of a step, under a name."""
    component = step.component
    component.name = name
    return component


def test_a_failed_step_fails_the_pipeline_and_what_reads_from_it_never_starts(ml_client):
    def graph():
        broken = job(python("raise RuntimeError('broken')"), outputs=folder_output())()
        after = read()(data=broken.outputs.out)  # noqa: F841
        beside = write(text="beside")()  # noqa: F841

    done = run(ml_client, graph)
    assert done.status == "Failed"
    steps = by_name(ml_client, done.name)
    assert {name: step.status for name, step in steps.items()} == {"broken": "Failed", "beside": "Completed"}
    message = error_of(ml_client, done.name)
    assert "Failed nodes: /broken" in message
    assert "RuntimeError: broken" in message
    assert "RuntimeError: broken" in logs(ml_client, steps["broken"].name)


def folder_output():
    from azure.ai.ml import Output

    return {"out": Output(type="uri_folder")}


def test_a_step_that_writes_nothing_fails_the_one_that_reads_it(ml_client):
    def graph():
        silent = job("echo I write nothing", outputs=folder_output())()
        after = read()(data=silent.outputs.out)  # noqa: F841

    done = run(ml_client, graph)
    assert done.status == "Failed"
    steps = by_name(ml_client, done.name)
    assert (steps["silent"].status, steps["after"].status) == ("Completed", "Failed")
    assert "Input data: the requested stream was not found" in error_of(ml_client, steps["after"].name)


def test_a_step_over_its_limit_fails_the_pipeline(ml_client, local: Emulator):
    def graph():
        slow = job("sleep 3456")()
        slow.set_limits(timeout=1)

    done = run(ml_client, graph)
    assert done.status == "Failed"
    assert "exceeded its limit of 1 s" in error_of(ml_client, done.name)
    assert not [line for line in local.processes() if "sleep 3456" in line]


def test_the_first_failure_ends_the_rest_where_that_is_asked_for(ml_client, tmp_path):
    started = tmp_path / "started"

    def graph():
        slow = job(f"touch {started}; sleep 5678")()  # noqa: F841
        broken = job(f"until [ -e {started} ]; do sleep 0.05; done; exit 3")()  # noqa: F841

    done = run(ml_client, graph, continue_on_step_failure=False)
    assert done.status == "Failed"
    steps = by_name(ml_client, done.name)
    assert (steps["slow"].status, steps["broken"].status) == ("Canceled", "Failed")


def test_cancelling_a_pipeline_ends_its_steps(ml_client, local: Emulator):
    def graph():
        slow = job("echo started; sleep 6789", outputs=folder_output())()
        after = read()(data=slow.outputs.out)  # noqa: F841

    submitted = submit(ml_client, graph)

    def started():
        return [c for c in children(ml_client, submitted.name) if "started" in logs(ml_client, c.name)]

    wait_for(started, "the step's start")
    ml_client.jobs.begin_cancel(submitted.name).result()
    assert ml_client.jobs.get(submitted.name).status == "Canceled"
    assert {name: c.status for name, c in by_name(ml_client, submitted.name).items()} == {"slow": "Canceled"}
    assert not [line for line in local.processes() if "sleep 6789" in line]


def test_a_pipeline_in_a_pipeline(ml_client, tmp_path):
    from azure.ai.ml import Input
    from azure.ai.ml.dsl import pipeline as as_pipeline

    @as_pipeline
    def inner(data: Input(type="uri_folder"), word="default"):
        again = read()(data=data, word=word)
        return {"out": again.outputs.out}

    def graph():
        first = write(text="start")()
        nested = inner(data=first.outputs.out, word="inside")
        last = read()(data=nested.outputs.out, word="end")
        return {"result": last.outputs.out}

    done = run(ml_client, graph)
    assert done.status == "Completed", error_of(ml_client, done.name)
    assert text_of(ml_client, done.name, "result", tmp_path) == "start\ninside\nend\n"
    nested = by_name(ml_client, done.name)["nested"]
    assert [c.display_name for c in children(ml_client, nested.name)] == ["again"]


def test_a_failure_inside_a_nested_pipeline_reaches_the_top(ml_client):
    from azure.ai.ml.dsl import pipeline as as_pipeline

    @as_pipeline
    def inner():
        broken = job("exit 9")()  # noqa: F841

    def graph():
        nested = inner()  # noqa: F841

    done = run(ml_client, graph)
    assert done.status == "Failed"
    assert "exited with status code 9" in error_of(ml_client, done.name)


def test_an_unknown_environment_is_refused_before_anything_runs(ml_client):
    from azure.core.exceptions import HttpResponseError

    def graph():
        step = job("true", environment="azureml:no-such-environment:1")()  # noqa: F841

    with pytest.raises(HttpResponseError, match="no-such-environment"):
        submit(ml_client, graph)
    assert list(ml_client.jobs.list()) == []


def test_an_unknown_compute_is_refused(ml_client):
    from azure.core.exceptions import HttpResponseError

    def graph():
        step = job("true")()  # noqa: F841

    with pytest.raises(HttpResponseError, match="Unknown compute target 'no-such-cluster'"):
        submit(ml_client, graph, default_compute="no-such-cluster")


def test_outputs_with_a_name_become_assets(ml_client):
    def graph():
        first = write(text="kept")()
        first.outputs.out.name = "by-the-step"
        return {"result": first.outputs.out}

    made = pipeline(graph)
    done = ended(ml_client, ml_client.jobs.create_or_update(made).name)
    assert done.status == "Completed", error_of(ml_client, done.name)
    assert ml_client.data.get("by-the-step", label="latest").version == "1"
