"""A registry that many tests share: each names its assets anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator import GROUP, SUBSCRIPTION, Emulator, fresh

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def make(emulator: Emulator, name: str) -> None:
    """Declare a registry, as a template does."""
    address = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices"
    with emulator.http(headers={"Authorization": f"Bearer {emulator.token()}"}) as http:
        answer = http.put(f"{address}/registries/{name}", json={"location": "local", "properties": {}})
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="session")
def registry_name(local: Emulator) -> str:
    """The name of a registry that is there."""
    name = fresh("mlr")
    with local.addressed():
        make(local, name)
    return name


@pytest.fixture(scope="session")
def registry(local: Emulator, registry_name: str) -> MLClient:
    """A client of the registry, as anyone makes it."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    with local.addressed():
        return MLClient(DefaultAzureCredential(), registry_name=registry_name)
