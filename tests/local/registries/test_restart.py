"""A server that is killed while a version arrives: the next one finishes it, and until then nobody sees it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_local.arm.ids import ResourceId
from azureml_local.arm.operations import KIND
from azureml_local.arm.store import Store
from azureml_local.storage.registries import WHOLE
from tests.emulator import GROUP, SUBSCRIPTION, Emulator, wait_for

from .conftest import make
from .test_sharing import model


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator of this test alone."""
    with Emulator.at(tmp_path / "home").running() as emulator:
        yield emulator
    shutil.rmtree(emulator.home.root)


def test_an_import_is_finished_by_the_next_server(own: Emulator, tmp_path: Path) -> None:
    from azure.ai.ml import MLClient
    from azure.core.exceptions import ResourceNotFoundError
    from azure.identity import DefaultAzureCredential

    with own.addressed():
        make(own, "mlr")
        client = own.client("w")
        model(client, tmp_path / "net", "m")
        options = {"registry_name": "mlr", "share_with_name": "m", "share_with_version": "1"}
        shared = client.models.share("m", "1", **options)
        own.kill()
    undo(own, shared.path)
    own.start()
    with own.addressed():
        registry = MLClient(DefaultAzureCredential(), registry_name="mlr")

        def there() -> object:
            try:
                return registry.models.get("m", "1")
            except ResourceNotFoundError:
                return None

        found = wait_for(there, "the version")
        assert found.path.split("/")[3:] == shared.path.split("/")[3:]
        registry.models.download("m", "1", str(tmp_path / "down"))
        assert sorted(each.name for each in (tmp_path / "down").rglob("*") if each.is_file()) == [
            "MLmodel",
            "weights",
        ]
        assert [each.version for each in registry.models.list("m")] == ["1"]


def undo(emulator: Emulator, path: str) -> None:
    """Leave what a server leaves that is killed when it has copied the half: an operation, and files of which
    nothing can be seen."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices"
    store = Store(emulator.home.database)
    version = ResourceId.parse(f"{group}/registries/mlr/models/m/versions/1")
    source = ResourceId.parse(f"{group}/workspaces/w/models/m/versions/1")
    assert version
    assert source
    arrived, origin = store.get(version), store.get(source)
    assert arrived
    assert origin
    uri = origin.body["properties"]["modelUri"]
    values = {**arrived.body["properties"], "modelUri": uri}
    store.put(version, {**arrived.body, "properties": values, WHOLE: False})
    (name,) = (name for name, record in store.documents(KIND) if name.startswith("registryImport:"))
    store.update(KIND, name, status="Updating", _worked=False)
    store.close()
    (folder,) = emulator.home.blobs.glob(f"*/{path.split('/')[3]}")
    half = folder.rename(folder.with_name(f"{folder.name}.partial"))
    (half / "net" / "weights").write_bytes(b"wei")
    (half / "net" / "MLmodel").unlink()
