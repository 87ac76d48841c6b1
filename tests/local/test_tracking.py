"""What steps log with plain mlflow, read back through the gateway as azureml-mlflow asks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator import Emulator, ended

from .steps import children, job, logs, packaged, pipeline

LOG = """
import mlflow
mlflow.log_metric("score", 0.25)
mlflow.log_param("depth", 3)
mlflow.set_tag("colour", "red")
open("note.txt", "w").write("an artifact")
mlflow.log_artifact("note.txt")
"""


def test_what_a_step_logged_is_its_run_s(local: Emulator, ml_client, code: Path, tmp_path: Path) -> None:
    (code / "main.py").write_text(LOG)

    def graph():
        step = job("python main.py", code=str(code), environment=packaged("environments/train"))()  # noqa: F841

    done = ended(ml_client, ml_client.jobs.create_or_update(pipeline(graph), experiment_name="tried").name)
    (step,) = children(ml_client, done.name)
    assert done.status == "Completed", logs(ml_client, step.name)
    tracking = ml_client.workspaces.get(ml_client.workspace_name).mlflow_tracking_uri
    path = "/mlflow/" + tracking.partition("/mlflow/")[2] + "/api/2.0/mlflow/runs/get"
    with local.http(headers={"Authorization": f"Bearer {local.token()}"}) as http:
        run = http.get(path, params={"run_id": step.name}).json()["run"]
        parent = http.get(path, params={"run_id": done.name}).json()["run"]
    assert {m["key"]: m["value"] for m in run["data"]["metrics"]} == {"score": 0.25}
    assert {p["key"]: p["value"] for p in run["data"]["params"]} == {"depth": "3"}
    tags = {t["key"]: t["value"] for t in run["data"]["tags"]}
    assert (tags["colour"], tags["mlflow.parentRunId"]) == ("red", done.name)
    assert run["info"]["status"] == parent["info"]["status"] == "FINISHED"
    assert run["info"]["experiment_id"] == parent["info"]["experiment_id"]
    ml_client.jobs.download(step.name, download_path=tmp_path)
    assert (tmp_path / "artifacts/note.txt").read_text() == "an artifact"


@pytest.mark.parametrize("path", ["/health", "/discovery"])
def test_what_clients_find_it_by_needs_no_token_and_no_workspace(local: Emulator, path: str) -> None:
    with local.http() as http:
        assert http.get(path).status_code == 200
