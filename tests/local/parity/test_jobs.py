"""Parity rules of jobs: in force, and switched off."""

from __future__ import annotations

import json
import re

import pytest

from tests.emulator import Emulator, ended, wait_for
from tests.local.steps import children, job, logs, packaged, pipeline, python

SHOW = python("import json, os, sys; print(json.dumps([os.getcwd(), sys.argv[1:], dict(os.environ)]))")


def shown(client, tmp_path):
    from azure.ai.ml import Input, Output

    (tmp_path / "file.txt").write_text("x")
    submitted = client.jobs.create_or_update(
        job(
            SHOW + " ${{inputs.data}} ${{inputs.n}} ${{outputs.out}}",
            inputs={"data": Input(type="uri_file", path=str(tmp_path / "file.txt")), "n": 3},
            outputs={"out": Output(type="uri_folder")},
            environment_variables={"OWN": "kept", "AZUREML_RUN_ID": "mine"},
        )
    )
    done = ended(client, submitted.name)
    assert done.status == "Completed", logs(client, done.name)
    return done, *json.loads(logs(client, done.name))


def test_step_paths_and_variables(ml_client, tmp_path):
    done, folder, (data, number, out), seen = shown(ml_client, tmp_path)
    root = re.match(r"(.*/cr/j/[0-9a-f]{32})/exe/wd$", folder)
    assert root
    assert data == f"{root[1]}/cap/data-capability/wd/INPUT_data/file.txt"
    assert out == f"{root[1]}/cap/data-capability/wd/out"
    assert number == seen["AZUREML_PARAMETER_n"] == "3"
    assert (seen["OWN"], seen["AZUREML_RUN_ID"]) == ("kept", done.name)
    assert seen["AZURE_ML_INPUT_data"] == data
    assert seen["AZURE_ML_OUTPUT_out"] == out
    assert seen["AZUREML_CR_EXECUTION_WORKING_DIR_PATH"] == folder
    assert seen["AZUREML_ARM_WORKSPACE_NAME"] == ml_client.workspace_name


def test_step_paths_and_variables_allowed(lenient_client, tmp_path):
    _, _, _, seen = shown(lenient_client, tmp_path)
    assert (seen["OWN"], seen["AZUREML_RUN_ID"]) == ("kept", "mine")


IDENTITY = """
import os, sys
from azure.identity import DefaultAzureCredential
if sys.argv[1] == "named":
    os.environ["AZURE_CLIENT_ID"] = os.environ["DEFAULT_IDENTITY_CLIENT_ID"]
print(len(DefaultAzureCredential().get_token("https://management.azure.com/.default").token) > 0)
"""


def token(client, code, word):
    (code / "main.py").write_text(IDENTITY)
    step = job(f"python main.py {word}", code=str(code), environment=packaged("environments/register"))
    return ended(client, client.jobs.create_or_update(step).name)


def test_step_identity(ml_client, code):
    failed = token(ml_client, code, "unnamed")
    assert failed.status == "Failed"
    assert "multiple user assigned identities exist" in logs(ml_client, failed.name)
    assert token(ml_client, code, "named").status == "Completed"


def test_step_identity_allowed(lenient_client, code):
    assert token(lenient_client, code, "unnamed").status == "Completed"


def cancelled(client) -> str:
    submitted = client.jobs.create_or_update(job("echo started; sleep 999"))
    wait_for(lambda: "started" in logs(client, submitted.name), "the step's start")
    client.jobs.begin_cancel(submitted.name).result()
    return submitted.name


def test_stream_on_cancel(ml_client):
    name = cancelled(ml_client)
    ml_client.jobs.stream(name)
    assert ml_client.jobs.get(name).status == "Canceled"


def test_stream_on_cancel_allowed(lenient_client):
    from azure.ai.ml.exceptions import JobException

    name = cancelled(lenient_client)
    with pytest.raises(JobException):
        lenient_client.jobs.stream(name)


def twice(client):
    """The step's run of the first and of the second submission of one pipeline."""

    def graph():
        step = job("echo same")()  # noqa: F841 - the variable names the node

    runs = []
    for _ in range(2):
        done = ended(client, client.jobs.create_or_update(pipeline(graph)).name)
        assert done.status == "Completed"
        runs += children(client, done.name)
    return runs


def test_reuse(ml_client):
    first, second = twice(ml_client)
    assert "azureml.isreused" not in first.properties
    assert second.properties["azureml.isreused"] == "true"
    assert second.properties["azureml.reusedrunid"] == first.name
    assert second.name != first.name


def test_reuse_allowed(lenient_client):
    assert not any("azureml.isreused" in run.properties for run in twice(lenient_client))


def versioned():
    from azure.ai.ml import Output

    out = Output(type="uri_folder", name="named", version="7")
    return job("echo x > ${{outputs.out}}/x.txt", outputs={"out": out})


def test_job_output_version(ml_client):
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="Could not find member 'assetVersion'") as refused:
        ml_client.jobs.create_or_update(versioned())
    assert refused.value.status_code == 400
    assert list(ml_client.jobs.list()) == []


def test_job_output_version_allowed(lenient: Emulator, lenient_client):
    submitted = lenient_client.jobs.create_or_update(versioned())
    assert ended(lenient_client, submitted.name).status == "Completed"
    assert lenient_client.data.get("named", "7").path.endswith("/out/")
