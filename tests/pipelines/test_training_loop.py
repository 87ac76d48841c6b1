"""The first whole loop: data, training, gate, registration, deployment, scores, through the real SDK."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_local.machine.home import Home
from azureml_local.server import control
from tests.project import REPOSITORY, Project

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

STEPS = ["evaluate", "gate", "prepare", "train_lightgbm", "train_logistic_regression"]


@pytest.fixture(scope="module")
def client(project: Project, told: dict[str, Any]) -> Iterator[MLClient]:
    """A plain MLClient of the workspace that the demo worked in."""
    del told
    before = dict(os.environ)
    os.environ.update(control.variables(Home.at(project.home)))
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    zero = "00000000-0000-0000-0000-000000000000"
    yield MLClient(DefaultAzureCredential(), zero, "rg-fraud-local", "mlw-fraud-local")
    os.environ.clear()
    os.environ.update(before)


def test_the_demo_tells_the_whole_story(told: dict[str, Any]) -> None:
    assert told["model"] == "fraud"
    assert told["version"] == 1
    assert told["verdict"]["decision"] == "accept"
    assert told["metrics"]["average_precision"] >= 0.6
    assert all(0 <= score <= 1 for score in told["scores"])
    assert max(told["scores"]) > 0.5 > min(told["scores"])


def test_its_curl_line_works_and_shows_no_secret(project: Project, told: dict[str, Any]) -> None:
    line = shlex.split(told["curl"])
    ended = subprocess.run([*line, "--silent", "--show-error"], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["scores"] == told["scores"]
    secret = project.home / "project" / "endpoint-key"
    assert oct(secret.stat().st_mode)[-3:] == "600"
    key = secret.read_text().split()[-1]
    assert key not in told["curl"]


def test_a_second_demo_judges_against_what_the_first_deployed_and_registers_nothing_new(
    project: Project, told: dict[str, Any]
) -> None:
    """Its model is the one that has the traffic by now. Nothing else is new, and a third time nothing at all."""
    again, third = project.json("demo"), project.json("demo")
    assert told["evaluation"].get("champion") is None
    assert again["evaluation"]["champion"]["name"] == "fraud:1"
    assert set(again["reused"]) >= set(STEPS) - {"evaluate", "gate"}
    assert sorted(third["reused"]) == STEPS
    assert (again["version"], third["version"]) == (told["version"], told["version"])
    assert again["scores"] == third["scores"] == told["scores"]


def test_a_setting_for_one_run_is_what_its_steps_read(
    project: Project, told: dict[str, Any], client: MLClient
) -> None:
    """The steps whose inputs are the same are reused; a setting that does not exist is refused by its name."""
    given = ("train", "--no-register", "--set", "validation_weeks=1")
    trained = project.json(*given)
    assert trained["reused"] == ["prepare"]
    assert trained["evaluation"] != told["evaluation"]
    assert sorted(project.json(*given)["reused"]) == STEPS
    ended = project.mlops("train", "--no-register", "--set", "trian_days=14")
    assert ended.returncode == 5
    assert "there is no setting trian_days; there are test_start, " in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("hint: its logs: mlops logs ")


def test_old_data_is_refused_though_every_step_on_it_could_be_reused(
    project: Project, told: dict[str, Any], client: MLClient
) -> None:
    del told
    before = [job.name for job in client.jobs.list()]
    ended = project.mlops("train", "--data", "1", "--as-of", "2018-08-10")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: transactions:1 is too old: its last row is of 2018-08-03")
    assert [job.name for job in client.jobs.list()] == before


def test_the_run_is_read_back_with_the_sdk(client: MLClient, told: dict[str, Any], tmp_path: Path) -> None:
    job = client.jobs.get(told["job"])
    assert job.status == "Completed"
    assert told["job"] in [listed.name for listed in client.jobs.list()]
    steps = {child.display_name: child for child in client.jobs.list(parent_job_name=told["job"])}
    assert sorted(steps) == sorted([*STEPS, "register"])
    client.jobs.download(told["job"], download_path=tmp_path, output_name="evaluation")
    found = json.loads((tmp_path / "named-outputs" / "evaluation" / "evaluation.json").read_text())
    assert found["candidate"]["values"] == told["metrics"]
    client.jobs.download(steps["prepare"].name, download_path=tmp_path / "step")
    log = (tmp_path / "step" / "artifacts" / "user_logs" / "std_log.txt").read_text()
    assert "transactions" in log


def test_the_version_knows_where_it_comes_from(client: MLClient, told: dict[str, Any]) -> None:
    model = client.models.get("fraud", version="1")
    assert model.type == "mlflow_model"
    assert model.tags["run"] == told["job"]
    assert model.tags["data"] == "transactions:1"
    assert set(model.flavors) >= {"onnx", "python_function"}
    assert float(model.tags["average_precision"]) == pytest.approx(told["metrics"]["average_precision"], abs=1e-6)


def test_the_endpoint_answers_the_sdk(client: MLClient, told: dict[str, Any], project: Project) -> None:
    answer = client.online_endpoints.invoke(
        "fraud-local", request_file=str(project.home / "project" / "request.json")
    )
    assert json.loads(answer)["scores"] == told["scores"]


def test_metrics_are_tracked(client: MLClient, told: dict[str, Any], project: Project) -> None:
    """Plain mlflow in the steps' own environment reads what the steps logged, as a notebook would."""
    from azureml_local.runtimes.build import ensure
    from azureml_local.runtimes.recipe import from_docker

    recipe = from_docker(REPOSITORY / "environments" / "train", "Dockerfile")
    environment = ensure(REPOSITORY / ".azureml-local" / "environments", recipe, lambda line: None)
    steps = {child.display_name: child.name for child in client.jobs.list(parent_job_name=told["job"])}
    script = "import mlflow, sys, json; print(json.dumps(mlflow.get_run(sys.argv[1]).data.metrics))"
    variables = {
        "PATH": "/usr/bin:/bin",
        **control.variables(Home.at(project.home)),
        "MLFLOW_TRACKING_URI": client.workspaces.get("mlw-fraud-local").mlflow_tracking_uri,
    }
    ended = subprocess.run(
        [str(environment.python), "-c", script, steps["evaluate"]],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    logged = json.loads(ended.stdout.splitlines()[-1])
    assert logged["average_precision"] == pytest.approx(told["metrics"]["average_precision"])


def test_registering_the_run_again_finds_its_version(project: Project, told: dict[str, Any]) -> None:
    assert project.json("register", told["job"])["version"] == told["version"]


def test_status_shows_it(project: Project, told: dict[str, Any], client: MLClient) -> None:
    document = project.json("status")
    (version,) = document["versions"]
    assert (version["version"], version["run"]) == (1, told["job"])
    assert version["metrics"] == pytest.approx(told["metrics"], abs=1e-6)
    (deployment,) = document["endpoint"]["traffic"]
    assert document["endpoint"]["traffic"][deployment] == 100
    assert re.fullmatch(r"fraud-v1-[0-9a-f]{4}", deployment)
    assert [run["job"] for run in document["runs"]] == [job.name for job in client.jobs.list()][:10]
    text = project.mlops("status", "--job", told["job"]).stdout
    assert "Completed" in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no json", "is not JSON"),
        ("[1]", "must hold a JSON object"),
        ('{"data": []}', "cannot read the request"),
        ('{"data": [{"TX_AMOUNT": 1}]}', "is missing"),
        ('{"data": [{"TX_AMOUNT": "1"}]}', "TX_"),
    ],
)
def test_a_bad_request_gets_one_line(
    project: Project, told: dict[str, Any], tmp_path: Path, content: str, reason: str
) -> None:
    del told
    request = tmp_path / "request.json"
    request.write_text(content)
    ended = project.mlops("score", str(request))
    assert ended.returncode == 2
    assert reason in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    project: Project, told: dict[str, Any], client: MLClient, tmp_path: Path
) -> None:
    assert project.json("deploy", "--dry-run")["steps"] == []
    text = (REPOSITORY / "mlops.toml").read_text()
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(text.replace('endpoint = "fraud-local"', 'endpoint = "fraud-elsewhere"'))
    plan = project.json("deploy", str(told["version"]), "--dry-run", config=elsewhere)
    assert (plan["endpoint"], plan["version"]) == ("fraud-elsewhere", told["version"])
    assert [step["step"] for step in plan["steps"]] == [
        "CreateEndpoint",
        "CreateDeployment",
        "Prove",
        "ShiftTraffic",
    ]
    said = project.mlops("deploy", "--dry-run", "--output", "markdown", config=elsewhere).stdout
    assert said.splitlines()[2] == plan["quota"]
    assert said.splitlines()[4:] == [f"{n}. {step['text']}" for n, step in enumerate(plan["steps"], start=1)]
    assert [endpoint.name for endpoint in client.online_endpoints.list()] == ["fraud-local"]


def test_an_unknown_version_is_not_deployed(project: Project, told: dict[str, Any]) -> None:
    del told
    ended = project.mlops("deploy", "99")
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "error: there is no version 99 of the model fraud",
        "hint: its versions: 1",
    ]


def test_an_unknown_job_cannot_be_judged(project: Project, told: dict[str, Any]) -> None:
    del told
    ended = project.mlops("gate", "no_such_job")
    assert ended.returncode == 2
    assert "there is no job no_such_job" in ended.stderr


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """mlops.toml with a floor that no candidate reaches."""
    text = (REPOSITORY / "mlops.toml").read_text()
    assert "average_precision = 0.60" in text
    file = tmp_path / "strict.toml"
    file.write_text(text.replace("average_precision = 0.60", "average_precision = 0.99"))
    return file


def test_a_gate_that_refuses_fails_the_run_and_registers_nothing(
    project: Project, told: dict[str, Any], client: MLClient, strict: Path
) -> None:
    before = [model.version for model in client.models.list(name="fraud")]
    ended = project.mlops("train", config=strict)
    assert ended.returncode == 3
    value = told["metrics"]["average_precision"]
    error, hint = ended.stderr.splitlines()[-2:]
    run = next(iter(client.jobs.list()))
    assert run.status == "Failed"
    reason = f"average_precision {value:.3f} is below the floor 0.99"
    refused = f"gate: {told['verdict']['candidate']} is refused: {reason}"
    assert error == f"error: the run {run.name} is Failed: gate failed: {refused}"
    assert hint == f"hint: its logs: mlops logs {run.name}"
    log = project.mlops("logs", run.name, "gate").stdout
    assert log.splitlines()[-1] == refused
    (only,) = project.json("logs", run.name, "gate", "--follow")["logs"]
    assert (only["step"], only["status"], only["log"] + "\n") == ("gate", "Failed", log)
    whole = project.mlops("logs", run.name).stdout
    assert "==> prepare (Completed) <==" in whole
    assert whole.endswith(f"==> gate (Failed) <==\n{log}")
    assert [model.version for model in client.models.list(name="fraud")] == before


def test_a_run_is_judged_by_the_policy_of_today(project: Project, told: dict[str, Any], strict: Path) -> None:
    assert project.mlops("gate", told["job"]).returncode == 0
    ended = project.mlops("gate", told["job"], "--output", "markdown", config=strict)
    assert ended.returncode == 3
    assert "is refused**" in ended.stdout
    assert "is below the floor 0.99" in ended.stderr
    approved = project.mlops("register", told["job"], "--approve", "I like it", config=strict)
    assert approved.returncode == 2
    assert approved.stderr.startswith("error: there is nothing to approve: ")


def test_the_report_is_the_step_s_and_an_artifact_of_its_run(
    project: Project, told: dict[str, Any], client: MLClient, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    ended = project.mlops("report", told["job"], "--html", str(page), "--output", "markdown")
    escaped = told["verdict"]["candidate"].replace("_", "\\_")
    assert f"**gate: {escaped} is accepted**" in ended.stdout
    client.jobs.download(told["job"], download_path=tmp_path, output_name="verdict")
    folder = tmp_path / "named-outputs" / "verdict"
    assert {file.name for file in folder.iterdir()} == {"gate.json", "gate.md", "gate.xml", "report.html"}
    assert page.read_text() == (folder / "report.html").read_text()
    steps = {child.display_name: child.name for child in client.jobs.list(parent_job_name=told["job"])}
    client.jobs.download(steps["gate"], download_path=tmp_path / "step")
    assert (tmp_path / "step" / "artifacts" / "outputs" / "report.html").read_text() == page.read_text()


def test_what_needs_approval_is_registered_with_a_reason_only(
    project: Project, told: dict[str, Any], client: MLClient, tmp_path: Path
) -> None:
    del told
    text = (REPOSITORY / "mlops.toml").read_text()
    file = tmp_path / "approved.toml"
    text = text.replace("[gate]", '[gate]\napprovals = ["every-model"]', 1)
    file.write_text(text.replace('model = "fraud"', 'model = "fraud-approved"', 1))
    ended = project.mlops("train", config=file)
    assert ended.returncode == 3
    assert "needs approval: the policy wants every model approved" in ended.stderr
    run = next(iter(client.jobs.list())).name
    assert project.mlops("register", run, config=file).returncode == 3
    assert project.mlops("register", run, "--approve", " ", config=file).returncode == 2
    assert "fraud-approved" not in [model.name for model in client.models.list()]
    version = project.json("register", run, "--approve", "looked at by two of us", config=file)["version"]
    tags = client.models.get("fraud-approved", version=str(version)).tags
    assert (tags["verdict"], tags["approved_because"]) == ("needs-approval", "looked at by two of us")
    assert tags["approved_by"]
    assert tags["approved_at"]
