"""Assets go from a workspace to a registry and are seen from every other workspace, by the unmodified SDK."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator import fresh

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def model(client: MLClient, folder: Path, name: str, version: str = "1", **options: Any) -> Any:
    from azure.ai.ml.entities import Model

    folder.mkdir(exist_ok=True)
    (folder / "weights").write_bytes(b"weights")
    (folder / "MLmodel").write_text("flavors:\n  onnx: {data: weights}\n")
    made = Model(name=name, version=version, path=str(folder), type="custom_model", **options)
    return client.models.create_or_update(made)


def test_a_model_is_shared_and_downloaded(ml_client: MLClient, registry: MLClient, registry_name: str, tmp_path):
    name = fresh("m")
    model(ml_client, tmp_path / "net", name, "3", tags={"release": "abc"}, description="said")
    shared = ml_client.models.share(
        name, "3", registry_name=registry_name, share_with_name=name, share_with_version="3"
    )
    assert shared.id == f"azureml://registries/{registry_name}/models/{name}/versions/3"
    assert (shared.tags, shared.description, sorted(shared.flavors)) == ({"release": "abc"}, "said", ["onnx"])
    registry.models.download(name, "3", str(tmp_path / "down"))
    found = {file.name: file.read_bytes() for file in (tmp_path / "down").rglob("*") if file.is_file()}
    assert found["weights"] == b"weights"
    assert set(found) == {"weights", "MLmodel"}
    assert [each.version for each in registry.models.list(name)] == ["3"]
    assert name in [each.name for each in registry.models.list()]
    assert registry.models.get(name, label="latest").version == "3"
    with pytest.raises(Exception, match="already exists in registry"):
        ml_client.models.share(
            name, "3", registry_name=registry_name, share_with_name=name, share_with_version="3"
        )


def test_an_environment_is_shared(ml_client: MLClient, registry: MLClient, registry_name: str, tmp_path):
    from azure.ai.ml.entities import BuildContext, Environment

    name = fresh("e")
    (tmp_path / "Dockerfile").write_text("FROM python:3.11\n")
    made = Environment(name=name, version="1", build=BuildContext(path=str(tmp_path)))
    ml_client.environments.create_or_update(made)
    options = {"registry_name": registry_name, "share_with_name": name, "share_with_version": "1"}
    shared = ml_client.environments.share(name, "1", **options)
    assert shared.id == f"azureml://registries/{registry_name}/environments/{name}/versions/1"
    assert shared.build.path != ml_client.environments.get(name, "1").build.path
    assert [each.version for each in registry.environments.list(name)] == ["1"]
    assert registry.environments.get(name, label="latest").version == "1"


def test_data_is_shared(ml_client: MLClient, registry: MLClient, registry_name: str, tmp_path):
    from azure.ai.ml.entities import Data

    name = fresh("d")
    (tmp_path / "file.txt").write_text("text")
    ml_client.data.create_or_update(Data(name=name, version="7", type="uri_folder", path=str(tmp_path)))
    options = {"registry_name": registry_name, "share_with_name": name, "share_with_version": "7"}
    shared = ml_client.data.share(name, "7", **options)
    assert shared.id == f"azureml://registries/{registry_name}/data/{name}/versions/7"
    assert [each.version for each in registry.data.list(name)] == ["7"]
    assert registry.data.get(name, label="latest").version == "7"
    assert shared.type == "uri_folder"


def test_assets_are_created_in_a_registry(registry: MLClient, registry_name: str, tmp_path):
    """What the SDK does without a workspace: it uploads to a place that the registry gives, and puts."""
    from azure.ai.ml.entities import CommandComponent, Data, Environment

    name = fresh("a")
    made = model(registry, tmp_path / "net", name)
    assert made.id == f"azureml://registries/{registry_name}/models/{name}/versions/1"
    registry.models.download(name, "1", str(tmp_path / "down"))
    assert (tmp_path / "down" / name / "net" / "weights").read_bytes() == b"weights"
    environment = registry.environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    assert (environment.image, environment.id) == (
        "python:3.11",
        f"azureml://registries/{registry_name}/environments/{name}/versions/1",
    )
    (tmp_path / "file.txt").write_text("text")
    data = Data(name=name, version="1", type="uri_file", path=str(tmp_path / "file.txt"))
    assert registry.data.create_or_update(data).path.endswith("/file.txt")
    code = tmp_path / "code"
    code.mkdir()
    (code / "run.py").write_text("print(1)\n")
    spoken = name.replace("-", "_")
    component = CommandComponent(
        name=spoken, version="1", command="python run.py", code=str(code), environment=environment.id
    )
    registry.components.create_or_update(component)
    found = registry.components.get(spoken, version="1")
    assert found.environment == environment.id
    assert found.code.startswith(f"azureml://registries/{registry_name}/codes/")
    assert [each.name for each in registry.components.list() if each.name == spoken] == [spoken]


def test_archived_versions_stay_what_they_are(registry: MLClient, tmp_path):
    from azure.ai.ml.constants import ListViewType
    from azure.ai.ml.entities import Data

    def listed(view: Any = ListViewType.ACTIVE_ONLY) -> list[str]:
        return [each.version for each in registry.data.list(name, list_view_type=view)]

    name = fresh("d")
    (tmp_path / "file.txt").write_text("text")
    registry.data.create_or_update(Data(name=name, version="1", type="uri_file", path=str(tmp_path / "file.txt")))
    before = registry.data.get(name, "1").path
    registry.data.archive(name, version="1")
    assert registry.data.get(name, "1").path == before
    assert (listed(), listed(ListViewType.ALL), listed(ListViewType.ARCHIVED_ONLY)) == ([], ["1"], ["1"])
    registry.data.restore(name, version="1")
    assert (listed(), listed(ListViewType.ARCHIVED_ONLY)) == (["1"], [])
