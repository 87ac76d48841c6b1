"""`mlops train --sweep`: the parameters of a family are searched, and the best trial is the candidate."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlops.workspace import logs
from tests.emulator import ENDED, Emulator, ended, wait_for
from tests.local.steps import children, job, pipeline
from tests.project import REPOSITORY, Project

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


SEARCH = """
[training.sweep.logistic_regression]
metric = "average_precision"
sampling = "grid"
max_concurrent_trials = 2

[training.sweep.logistic_regression.space]
C = { type = "choice", values = [0.000001, 1.0] }

"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """mlops.toml with one family, a search over it, and little data of its own."""
    text = (REPOSITORY / "mlops.toml").read_text()
    changes = {
        r"(?ms)^\[training\.sweep\..*?(?=^\[gate\])": SEARCH,
        r"(?m)^families = .*$": 'families = ["logistic_regression"]',
        r"(?m)^asset = .*$": 'asset = "little"',
        r"(?ms)^\[demo\].*?(?=^\[)": "[demo]\ncustomers = 200\nterminals = 400\ndays = 36\n\n",
    }
    for pattern, replacement in changes.items():
        text, count = re.subn(pattern, replacement, text, count=1)
        assert count == 1, pattern
    file = tmp_path / "mlops.toml"
    file.write_text(text)
    return file


def test_the_best_parameters_of_a_family_become_its_candidate(
    project: Project, config: Path, tmp_path: Path
) -> None:
    landed = str(tmp_path / "landed")
    project.json("data", "generate", landed, config=config)
    project.json("data", "publish", landed, "--as-of", "last", config=config)
    train = ("train", "--sweep", "logistic_regression", "--set", "validation_weeks=1")
    name = project.json(*train, "--no-register", "--no-wait", config=config)["job"]
    with Emulator.at(project.home).addressed():
        from azure.ai.ml import MLClient
        from azure.identity import DefaultAzureCredential

        zero = "00000000-0000-0000-0000-000000000000"
        client = MLClient(DefaultAzureCredential(), zero, "rg-fraud-local", "mlw-fraud-local")

        def swept_step() -> Any:
            steps = {child.display_name: child for child in children(client, name)}
            found = steps.get("train_logistic_regression")
            return found if found and found.status in ENDED else None

        swept = wait_for(swept_step, "the end of the sweep")
        assert swept.status == "Completed"
        client.jobs.begin_cancel(name).result()  # evaluation of so little data is of no use
        trials = {child.name: json.loads(child.tags["hyperparameters"]) for child in children(client, swept.name)}
        assert list(trials.values()) == [{"C": 0.000001}, {"C": 1.0}]

        trained = {}
        for trial in trials:
            client.jobs.download(trial, output_name="model", download_path=tmp_path / trial)
            (file,) = (tmp_path / trial).rglob("training.json")
            trained[trial] = json.loads(file.read_text())
        assert {trial: found["parameters"] for trial, found in trained.items()} == trials
        scores = {trial: found["selection"]["mean"] for trial, found in trained.items()}
        best = max(scores, key=lambda trial: scores[trial])
        assert len(set(scores.values())) == 2
        assert swept.properties["best_child_run_id"] == best
        assert float(swept.properties["score"]) == pytest.approx(scores[best])
        client.jobs.download(swept.name, output_name="model", download_path=tmp_path / "candidate")
        (file,) = (tmp_path / "candidate").rglob("training.json")
        assert json.loads(file.read_text()) == trained[best]
