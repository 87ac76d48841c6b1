"""Parity rules of models: in force, and switched off."""

from __future__ import annotations

import pytest

from tests.emulator import ended, fresh
from tests.local.steps import job


def model(client, version: str, path: str):
    from azure.ai.ml.entities import Model

    return client.models.create_or_update(Model(name=fresh("m"), version=version, path=path))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("weights")
    return str(path)


def test_model_version_integer(ml_client, file):
    from azure.core.exceptions import HttpResponseError

    for version in ("1.0", "v1", "0"):
        with pytest.raises(HttpResponseError, match=f"must be a positive integer, it is '{version}'") as refused:
            model(ml_client, version, file)
        assert refused.value.status_code == 400


def test_model_version_integer_allowed(lenient_client, file):
    assert model(lenient_client, "v1", file).version == "v1"


def output(client) -> str:
    """The path of a job's output, as people write it from memory."""
    from azure.ai.ml import Output

    command = "echo weights > ${{outputs.out}}/model.txt"
    submitted = client.jobs.create_or_update(job(command, outputs={"out": Output(type="uri_folder")}))
    assert ended(client, submitted.name).status == "Completed"
    return f"azureml://jobs/{submitted.name}/outputs/out/paths"


def test_model_path_slash(ml_client):
    from azure.core.exceptions import HttpResponseError

    path = output(ml_client)
    with pytest.raises(HttpResponseError, match=r"does not exist.*out/paths") as refused:
        model(ml_client, "1", path)
    assert refused.value.status_code == 400
    assert model(ml_client, "1", f"{path}/").path.endswith("/out/")


def test_model_path_slash_allowed(lenient_client):
    assert model(lenient_client, "1", output(lenient_client)).path.endswith("/out/")
