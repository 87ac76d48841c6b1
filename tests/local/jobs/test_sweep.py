"""Sweeps through the SDK. Each trial logs its score over REST, as a step without packages can."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator import Emulator, ended, fresh, wait_for
from tests.local.arm import Arm
from tests.local.steps import bare, children, error_of, job, logs, pipeline, python

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

LOG = """
import json, os, sys, time, urllib.request
def log(value, step=0):
    body = dict(run_id=os.environ['AZUREML_RUN_ID'], key='score', value=value, step=step, timestamp=step)
    address = os.environ['AZUREML_SERVICE_ENDPOINT'] + '/mlflow/v2.0' + os.environ['AZUREML_WORKSPACE_SCOPE']
    urllib.request.urlopen(urllib.request.Request(
        address + '/api/2.0/mlflow/runs/log-metric', json.dumps(body).encode(),
        {'Content-Type': 'application/json', 'Authorization': 'Bearer ' + os.environ['AZUREML_RUN_TOKEN']}))
"""
SCORED = "log(float(sys.argv[1]))"


@pytest.fixture(scope="module")
def workspace() -> str:
    """All of these share one: each workspace has a tracking server, and a start of one takes seconds."""
    return fresh("ws")


@pytest.fixture
def client(local: Emulator, workspace: str) -> Iterator[MLClient]:
    with local.addressed():
        yield local.client(workspace)


def trial(source: str, *arguments: str, **options: Any) -> Any:
    """A command whose program can `log(value, step)` its score."""
    return job(python(LOG + source, *arguments), **options)


def choice(*values: Any) -> Any:
    from azure.ai.ml.sweep import Choice

    return Choice(values=list(values))


def sweep(command: Any, space: dict[str, Any], **settings: Any) -> Any:
    """A sweep of a command over a space; whatever `settings` do not say is a grid for the highest score."""
    asked = {"primary_metric": "score", "goal": "maximize", "sampling_algorithm": "grid", **settings}
    return command(**space).sweep(**asked)


def scored(x: Any, **settings: Any) -> Any:
    """A sweep whose score is its one hyperparameter."""
    return sweep(trial(SCORED, "${{inputs.x}}", inputs={"x": 0.0}), {"x": x}, **settings)


def submit(client: MLClient, made: Any) -> Any:
    return ended(client, client.jobs.create_or_update(made).name)


def statuses(client: MLClient, name: str) -> dict[str, str]:
    return {child.name.removeprefix(f"{name}_"): child.status for child in children(client, name)}


def test_the_best_trial_is_found_and_its_outputs_are_the_sweep_s(client, tmp_path, capsys):
    from azure.ai.ml import Output

    source = f"{SCORED}\nopen(sys.argv[2] + '/model.txt', 'w').write('model of ' + sys.argv[1])"
    command = trial(
        source,
        "${{inputs.x}}",
        "${{outputs.model}}",
        inputs={"x": 0.0},
        outputs={"model": Output(type="uri_folder")},
    )
    submitted = client.jobs.create_or_update(sweep(command, {"x": choice(1, 3, 2)}))
    assert (submitted.type, submitted.status) == ("sweep", "Running")
    client.jobs.stream(submitted.name)
    done = client.jobs.get(submitted.name)
    assert done.status == "Completed"
    said = capsys.readouterr().out
    assert f"[SCHEDULER][INFO]Scheduling job, id='{done.name}_2'" in said
    assert "[CONTROLLER][INFO]Changing Run Status from Running to Completed" in said

    best = f"{done.name}_1"
    assert {name: done.properties[name] for name in ("best_child_run_id", "score", "best_metric_status")} == {
        "best_child_run_id": best,
        "score": "3.0",
        "best_metric_status": "Succeeded",
    }
    trials = children(client, done.name)
    assert [each.name for each in trials] == [f"{done.name}_{n}" for n in range(3)]
    assert [json.loads(each.tags["hyperparameters"]) for each in trials] == [{"x": 1}, {"x": 3}, {"x": 2}]
    assert [each.name for each in client.jobs.list() if each.name.startswith(done.name)] == [done.name]

    client.jobs.download(done.name, output_name="model", download_path=tmp_path)
    assert (tmp_path / "named-outputs/model/model.txt").read_text() == "model of 3"
    one = client.jobs.get(best)
    assert (one.type, one.status) == ("command", "Completed")
    client.jobs.stream(best)


def test_it_has_the_properties_and_tags_of_the_service(client):
    from azure.ai.ml.sweep import TruncationSelectionPolicy, Uniform

    made = scored(Uniform(1, 2), sampling_algorithm="random", max_total_trials=1, max_concurrent_trials=10)
    made.early_termination = TruncationSelectionPolicy(
        delay_evaluation=200, evaluation_interval=100, truncation_percentage=40
    )
    made.set_limits(timeout=300)
    done = submit(client, made)
    assert done.properties["primary_metric_config"] == '{"name":"score","goal":"maximize"}'
    assert done.properties["runTemplate"] == "HyperDrive"
    assert done.properties["azureml.runsource"] == "hyperdrive"
    assert {name: value for name, value in done.tags.items() if name.startswith("_aml_system_")} == {
        "_aml_system_max_concurrent_jobs": "10",
        "_aml_system_max_total_jobs": "1",
        "_aml_system_max_duration_minutes": "5",
        "_aml_system_policy_config": '{"name":"TruncationSelection","properties":{"evaluation_interval":100,'
        '"delay_evaluation":200,"truncation_percentage":40,"exclude_finished_jobs":false}}',
        "_aml_system_generator_config": '{"name":"RANDOM","parameter_space":{"x":["uniform",[1,2]]},'
        '"properties":{"rule":"Random","logbase":null,"seed":null}}',
        "_aml_system_primary_metric_config": '{"name":"score","goal":"maximize"}',
    }


def test_bayesian_sampling_goes_where_the_scores_are_low(client):
    from azure.ai.ml.sweep import Uniform

    source = "x = float(sys.argv[1]); log((x - 2) ** 2)"
    made = sweep(
        trial(source, "${{inputs.x}}", inputs={"x": 0.0}),
        {"x": Uniform(0, 10)},
        sampling_algorithm="bayesian",
        goal="minimize",
        max_total_trials=8,
        max_concurrent_trials=1,
    )
    done = submit(client, made)
    tried = [json.loads(each.tags["hyperparameters"])["x"] for each in children(client, done.name)]
    assert len(set(tried)) == 8
    assert float(done.properties["score"]) == pytest.approx(min((x - 2) ** 2 for x in tried))


def test_a_hyperparameter_reaches_the_command_as_it_is(client):
    source = "print(sys.argv[1:], os.environ['AZUREML_SWEEP_kind'])"
    made = sweep(
        trial(source, "${{search_space.kind}}", "${{inputs.fixed}}", inputs={"kind": "-", "fixed": "f"}),
        {"kind": choice("linear"), "fixed": choice("f")},
    )
    done = submit(client, made)
    assert logs(client, f"{done.name}_0") == "['linear', 'f'] linear\n"


def test_a_trial_that_fails_does_not_fail_the_sweep(client):
    source = f"assert float(sys.argv[1]) < 2, 'too high'\n{SCORED}"
    done = submit(client, sweep(trial(source, "${{inputs.x}}", inputs={"x": 0.0}), {"x": choice(1, 2, 0)}))
    assert done.status == "Completed"
    assert statuses(client, done.name) == {"0": "Completed", "1": "Failed", "2": "Completed"}
    assert done.properties["best_child_run_id"] == f"{done.name}_0"


def test_a_sweep_whose_trials_all_fail_is_failed(client):
    done = submit(client, sweep(trial("raise ValueError('cold')", inputs={"x": 0.0}), {"x": choice(1, 2)}))
    assert done.status == "Failed"
    assert f"No trial completed. {done.name}_0: " in error_of(client, done.name)
    assert "ValueError: cold" in error_of(client, done.name)


def test_a_metric_that_no_trial_logs_leaves_no_best_one(client):
    done = submit(client, scored(choice(1, 2), primary_metric="another"))
    assert done.status == "Completed"
    assert "best_child_run_id" not in done.properties


def test_no_more_trials_run_at_once_than_were_asked_for(client, tmp_path):
    held = f"import pathlib; lock = pathlib.Path('{tmp_path}/lock'); lock.touch(exist_ok=False); lock.unlink()"
    command = trial(f"{held}\n{SCORED}", "${{inputs.x}}", inputs={"x": 0.0})
    done = submit(client, sweep(command, {"x": choice(1, 2, 3)}, max_concurrent_trials=1))
    assert statuses(client, done.name) == {"0": "Completed", "1": "Completed", "2": "Completed"}


def test_a_policy_stops_a_trial_that_falls_behind(client, tmp_path, local: Emulator):
    from azure.ai.ml.sweep import BanditPolicy

    # the worse one logs after the better one has, and would then go on for ever
    source = f"""
better = sys.argv[1] == '10'
while not better and not os.path.exists('{tmp_path}/logged'): time.sleep(0.02)
log(float(sys.argv[1]))
open('{tmp_path}/logged', 'w')
if not better: time.sleep(1239)
"""
    made = sweep(trial(source, "${{inputs.x}}", inputs={"x": 0.0}), {"x": choice(1, 10)}, max_concurrent_trials=2)
    made.early_termination = BanditPolicy(slack_factor=0.5, evaluation_interval=1)
    done = submit(client, made)
    assert done.status == "Completed"
    assert statuses(client, done.name) == {"0": "Canceled", "1": "Completed"}
    assert done.properties["best_child_run_id"] == f"{done.name}_1"
    assert not [line for line in local.processes() if "time.sleep(1239)" in line]


def test_a_cancelled_sweep_ends_all_its_trials(client, local: Emulator):
    command = trial("print('there', flush=True); time.sleep(4329)", inputs={"x": 0.0})
    made = sweep(command, {"x": choice(1, 2, 3)}, max_concurrent_trials=2)
    name = client.jobs.create_or_update(made).name
    wait_for(lambda: "there" in logs(client, f"{name}_0") if statuses(client, name) else "", "a trial")
    client.jobs.begin_cancel(name).result()
    assert client.jobs.get(name).status == "Canceled"
    assert set(statuses(client, name).values()) == {"Canceled"}
    assert not [line for line in local.processes() if "time.sleep(4329)" in line]


def asked(client: MLClient, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The address and the body of a sweep, as plain JSON: the SDK refuses or rounds some of it itself."""
    environment = client.environments.create_or_update(bare())
    body = {
        "jobType": "Sweep",
        "trial": {"command": "sleep 5437", "environmentId": environment.id},
        "searchSpace": {"x": ["choice", [[1, 2]]]},
        "samplingAlgorithm": {"samplingAlgorithmType": "Grid"},
        "objective": {"primaryMetric": "score", "goal": "Maximize"},
        **changes,
    }
    address = f"{environment.id.partition('/environments/')[0]}/jobs/{fresh('sweep')}"
    return address, body


@pytest.mark.parametrize(
    ("limits", "status", "trials"),
    [
        ({"trialTimeout": "PT1S"}, "Completed", {"0": "Canceled", "1": "Canceled"}),
        ({"timeout": "PT1S", "maxConcurrentTrials": 1}, "Canceled", {"0": "Canceled"}),
    ],
)
def test_limits_of_time_end_trials_and_sweeps(client, local: Emulator, limits, status, trials):
    address, body = asked(client, limits=limits)
    assert Arm(local).put(address, {"properties": body}).status_code == 201
    name = address.rpartition("/")[2]
    assert ended(client, name).status == status
    assert statuses(client, name) == trials


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trial": {"environmentId": "e"}}, "missing the required field trial.command"),
        ({"searchSpace": {"x": ["uniform", [0, 1]]}}, "grid sampling takes choices only; x is none"),
        ({"searchSpace": {"x": ["even", [0, 1]]}}, "'even' is no distribution"),
        ({"objective": {"primaryMetric": "score"}}, "a primary metric and a goal"),
        (
            {
                "samplingAlgorithm": {"samplingAlgorithmType": "Bayesian"},
                "earlyTermination": {"policyType": "MedianStopping"},
            },
            "bayesian sampling does not support early termination policies",
        ),
        ({"limits": {"maxTotalTrials": 1001}}, "from 1 to 1000"),
    ],
)
def test_a_sweep_that_cannot_be_run_is_refused(client, local: Emulator, changes, said):
    address, body = asked(client, **changes)
    answer = Arm(local).put(address, {"properties": body})
    assert answer.status_code == 400
    assert said in answer.json()["error"]["details"][0]["message"]


def swept(command: Any) -> Any:
    """A node of a pipeline: the SDK wants limits there."""
    return command.sweep(primary_metric="score", goal="maximize", sampling_algorithm="grid", max_total_trials=9)


def test_a_node_hands_the_best_trial_s_outputs_on(client, tmp_path):
    from azure.ai.ml import Input, Output

    (tmp_path / "given.txt").write_text("given")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("the code of a trial is part of it as a job")
    train = trial(
        f"{SCORED}\nopen(sys.argv[2] + '/model.txt', 'w').write(open(sys.argv[3]).read() + sys.argv[1])",
        "${{inputs.x}}",
        "${{outputs.model}}",
        "${{inputs.data}}",
        inputs={"x": 0.0, "data": Input(type="uri_file", path=str(tmp_path / "given.txt"))},
        outputs={"model": Output(type="uri_folder")},
        code=str(tmp_path / "code"),
    )
    read = job("cat ${{inputs.model}}/model.txt", inputs={"model": Input(type="uri_folder")})

    def graph():
        tuned = swept(train(x=choice(5, 7, 6)))
        after = read(model=tuned.outputs.model)  # noqa: F841
        return {"model": tuned.outputs.model}

    done = submit(client, pipeline(graph))
    assert done.status == "Completed", error_of(client, done.name)
    nodes = {child.display_name: child for child in children(client, done.name)}
    tuned = nodes["tuned"]
    assert tuned.properties["best_child_run_id"] == f"{tuned.name}_1"
    assert logs(client, nodes["after"].name) == "given7"
    assert statuses(client, tuned.name) == dict.fromkeys("012", "Completed")
    for number, run in enumerate((done.name, f"{tuned.name}_1")):
        client.jobs.download(run, output_name="model", download_path=tmp_path / f"got{number}")
        assert (tmp_path / f"got{number}/named-outputs/model/model.txt").read_text() == "given7"
    assert client.jobs.get(f"{tuned.name}_1").type == "command"
    again = {child.display_name: child for child in children(client, submit(client, pipeline(graph)).name)}
    assert again["tuned"].properties["azureml.reusedrunid"] == tuned.name
    assert again["after"].properties["azureml.isreused"] == "true"


def test_an_output_is_copied_to_the_place_that_was_asked_for_and_registered(client, tmp_path):
    from azure.ai.ml import Output

    place = f"azureml://datastores/workspaceblobstore/paths/asked/{fresh('for')}"
    train = trial(
        f"{SCORED}\nopen(sys.argv[2] + '/model.txt', 'w').write(sys.argv[1])",
        "${{inputs.x}}",
        "${{outputs.model}}",
        inputs={"x": 0.0},
        outputs={"model": Output(type="uri_folder", path=place, name="swept-model")},
    )
    done = submit(client, sweep(train, {"x": choice(1, 2)}))
    assert done.status == "Completed", error_of(client, done.name)
    (version,) = client.data.list("swept-model")
    assert version.path.rstrip("/").endswith(place.partition("/paths/")[2])


def test_a_node_without_a_best_trial_fails(client):
    def graph():
        from azure.ai.ml import Output

        silent = job("true", inputs={"x": 0.0}, outputs={"model": Output(type="uri_folder")})
        tuned = swept(silent(x=choice(1, 2)))  # noqa: F841

    done = submit(client, pipeline(graph))
    assert done.status == "Failed"
    assert "no trial that completed has logged score" in error_of(client, done.name)


def test_a_sweep_goes_on_after_the_server_was_killed(tmp_path):
    with Emulator.at(tmp_path / "home").running() as own:
        count, go = tmp_path / "count", tmp_path / "go"
        command = f"echo ${{{{inputs.x}}}} >> {count}; until [ -e {go} ]; do sleep 0.05; done"
        made = sweep(job(command, inputs={"x": 0}), {"x": choice(1, 2, 3)}, max_concurrent_trials=1)
        with own.addressed():
            client = own.client("kept")
            name = client.jobs.create_or_update(made).name
            wait_for(count.exists, "the first trial")
            own.kill()
        own.start()
        go.touch()
        with own.addressed():
            client = own.client("kept")
            assert ended(client, name).status == "Completed"
            assert count.read_text().split() == ["1", "2", "3"]
            assert statuses(client, name) == dict.fromkeys("012", "Completed")
    shutil.rmtree(own.home.root)
