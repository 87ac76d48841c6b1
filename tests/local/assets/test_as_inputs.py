"""Assets as steps get them: by name and version, by label, whatever their files are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator import ended
from tests.local.steps import job, logs


def _shown(client, **source: str) -> str:
    """What a step reads from an input."""
    from azure.ai.ml import Input

    step = job('cat "${{inputs.data}}"', inputs={"data": Input(**source)})
    done = ended(client, client.jobs.create_or_update(step).name)
    assert done.status == "Completed", logs(client, done.name)
    return logs(client, done.name)


@pytest.mark.parametrize("name", ["plain.txt", "per%cent.txt", "per%20cent.txt", "two words.txt", "ha#sh.txt"])
def test_a_file_of_any_name(ml_client, tmp_path: Path, name: str) -> None:
    from azure.ai.ml.entities import Data

    (tmp_path / name).write_text(name)
    data = Data(name="d", version="1", type="uri_file", path=str(tmp_path / name))
    ml_client.data.create_or_update(data)
    assert _shown(ml_client, type="uri_file", path="azureml:d:1") == name


def test_an_empty_file(ml_client, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model

    (tmp_path / "empty.txt").touch()
    model = Model(name="m", version="1", path=str(tmp_path / "empty.txt"))
    ml_client.models.create_or_update(model)
    assert _shown(ml_client, type="custom_model", path="azureml:m:1") == ""
    ml_client.models.download("m", "1", download_path=tmp_path / "got")
    (found,) = (path for path in (tmp_path / "got").rglob("*") if path.is_file())
    assert (found.name, found.read_bytes()) == ("empty.txt", b"")


def test_a_path_in_a_datastore(ml_client, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Data

    (tmp_path / "x.txt").write_text("by its path")
    data = Data(name="d", version="1", type="uri_file", path=str(tmp_path / "x.txt"))
    short = (
        "azureml://datastores/workspaceblobstore/paths/"
        + ml_client.data.create_or_update(data).path.partition("/paths/")[2]
    )
    assert _shown(ml_client, type="uri_file", path=short) == "by its path"
    assert _shown(ml_client, type="uri_file", path=short.replace("x.txt", "%78.txt")) == "by its path"


def test_the_newest_version_by_its_label(ml_client, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Data

    for text in ("old", "new"):
        (tmp_path / text).write_text(text)
        ml_client.data.create_or_update(Data(name="d", type="uri_file", path=str(tmp_path / text)))
    newest = ml_client.data.get("d", label="latest")
    assert newest.version == "2"
    assert _shown(ml_client, type="uri_file", path=newest.id) == "new"


def test_data_that_is_not_there_fails_the_job_and_names_the_input(ml_client) -> None:
    from azure.ai.ml import Input

    missing = "azureml://datastores/workspaceblobstore/paths/no/such/file.txt"
    for path in (missing, "azureml:none:1"):
        step = job("cat ${{inputs.data}}", inputs={"data": Input(type="uri_file", path=path)})
        done = ended(ml_client, ml_client.jobs.create_or_update(step).name)
        assert done.status == "Failed"
        details = ml_client.jobs._runs_operations.get_run_details(done.name)
        assert "data" in details.error.error.message
