"""Assets: versions, labels, conflicts, archiving, uploads and downloads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

BLOCK_SIZE = 65 * 1024 * 1024
"""The SDK sends a larger file than 64 MiB in blocks."""


def _data(client: MLClient, path: Path, **fields: str) -> object:
    from azure.ai.ml.entities import Data

    return client.data.create_or_update(Data(name="d", path=str(path), type="uri_folder", **fields))


def _folder(root: Path, **files: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text)
    return root


def test_versions_count_up_and_latest_is_the_newest(ml_client: MLClient, tmp_path: Path) -> None:
    for number in range(1, 12):
        made = _data(ml_client, _folder(tmp_path / str(number), file=str(number)))
        assert made.version == str(number)
    assert ml_client.data.get("d", label="latest").version == "11"
    assert [asset.version for asset in ml_client.data.list(name="d")][:2] == ["11", "10"]


def test_a_name_that_is_no_number_is_not_counted(ml_client: MLClient, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", file="1")
    _data(ml_client, folder, version="foo")
    assert ml_client.data.get("d", label="latest").version == "foo"
    assert _data(ml_client, folder).version == "1"


def test_another_content_under_a_version_is_refused(ml_client: MLClient, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    _data(ml_client, _folder(tmp_path / "a", file="1"), version="1")
    _data(ml_client, _folder(tmp_path / "a", file="1"), version="1", description="said later")
    assert ml_client.data.get("d", version="1").description == "said later"
    with pytest.raises(HttpResponseError, match="the existing asset's dataUri cannot be changed") as caught:
        _data(ml_client, _folder(tmp_path / "b", file="2"), version="1")
    assert caught.value.status_code == 400


def test_archived_versions_are_listed_only_when_asked_for(ml_client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.constants import ListViewType

    _data(ml_client, _folder(tmp_path / "a", file="1"))
    ml_client.data.archive("d", version="1")
    assert list(ml_client.data.list(name="d")) == []
    archived = ml_client.data.list(name="d", list_view_type=ListViewType.ARCHIVED_ONLY)
    assert [asset.version for asset in archived] == ["1"]
    ml_client.data.restore("d", version="1")
    assert [asset.version for asset in ml_client.data.list(name="d")] == ["1"]


def test_a_changed_environment_without_a_version_gets_the_next_one(ml_client: MLClient) -> None:
    from azure.ai.ml.entities import Environment

    def make(package: str) -> str:
        conda = {"dependencies": ["python=3.11", {"pip": [package]}]}
        made = ml_client.environments.create_or_update(Environment(name="e", image="i", conda_file=conda))
        return str(made.version)

    assert [make("six"), make("six"), make("idna")] == ["1", "1", "2"]
    assert ml_client.environments.get("e", label="latest").version == "2"


def test_a_component_s_command_is_immutable(ml_client: MLClient) -> None:
    from azure.ai.ml import command
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import HttpResponseError

    environment = ml_client.environments.create_or_update(Environment(name="e", image="i"))

    def make(line: str) -> object:
        node = command(name="c", command=line, environment=f"azureml:{environment.name}:{environment.version}")
        node.component.version = "1"
        return ml_client.components.create_or_update(node.component)

    make("echo 1")
    make("echo 1")
    with pytest.raises(HttpResponseError, match='since field "command" is immutable'):
        make("echo 2")


def test_a_component_of_an_unknown_environment_is_refused(ml_client: MLClient) -> None:
    from azure.ai.ml import command
    from azure.core.exceptions import ResourceNotFoundError

    node = command(name="c", command="true", environment="azureml:nowhere:7")
    with pytest.raises(ResourceNotFoundError, match=r"environment nowhere/versions/7 .* does not exist"):
        ml_client.components.create_or_update(node.component)


@pytest.mark.parametrize("kind", ["data", "models", "environments", "components"])
def test_what_is_not_there_is_404(ml_client: MLClient, kind: str) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError):
        getattr(ml_client, kind).get("nothing", version="1")


def _model(client: MLClient, path: Path) -> object:
    from azure.ai.ml.entities import Model

    return client.models.create_or_update(Model(name="m", path=str(path), type="custom_model"))


def test_a_folder_comes_back_as_it_went(ml_client: MLClient, tmp_path: Path) -> None:
    source = _folder(tmp_path / "model", empty="", text="ä\n")
    _folder(source / "deep" / "er", file="x")
    _model(ml_client, source)
    ml_client.models.download("m", version="1", download_path=str(tmp_path / "back"))
    back = tmp_path / "back" / "m" / "model"
    found = {p.relative_to(back).as_posix(): p.read_text() for p in back.rglob("*") if p.is_file()}
    assert found == {"empty": "", "text": "ä\n", "deep/er/file": "x"}


def test_a_large_file_goes_in_blocks(ml_client: MLClient, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.write(b"begin")
        file.truncate(BLOCK_SIZE)
        file.seek(BLOCK_SIZE - 3)
        file.write(b"end")
    _model(ml_client, large)
    ml_client.models.download("m", version="1", download_path=str(tmp_path / "back"))
    back = next(path for path in (tmp_path / "back").rglob("large.bin") if path.is_file())
    content = back.read_bytes()
    assert len(content) == BLOCK_SIZE
    assert (content[:5], content[-3:]) == (b"begin", b"end")


def test_the_same_upload_is_not_sent_twice(ml_client: MLClient, tmp_path: Path) -> None:
    first = _model(ml_client, _folder(tmp_path / "model", file="x"))
    second = _model(ml_client, tmp_path / "model")
    assert (first.version, second.version) == ("1", "2")
    assert first.path == second.path


def test_versions_are_numbers_not_words(ml_client: MLClient, tmp_path: Path) -> None:
    for _ in range(11):
        _model(ml_client, _folder(tmp_path / "model", file="x"))
    assert ml_client.models.get("m", label="latest").version == "11"
