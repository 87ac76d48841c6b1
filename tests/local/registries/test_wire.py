"""Registries over plain HTTP: shapes, long-running writes, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from azureml_local.arm.ids import workspace_guid, workspace_id
from tests.emulator import GROUP, SUBSCRIPTION, Emulator, fresh, wait_for

from .conftest import make
from .test_sharing import model

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

PROVIDER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices"
FRONT_END = f"/mferp/managementfrontend{PROVIDER}"
VERSION = {"api-version": "2021-10-01-dataplanepreview"}


@pytest.fixture
def http(local: Emulator) -> Iterator[httpx.Client]:
    with (
        local.addressed(),
        local.http(headers={"Authorization": f"Bearer {local.token()}"}, params=VERSION) as client,
    ):
        yield client


def ended(http: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """The last answer of a long-running operation, by its Location: 202 until it has ended."""
    address = answer.headers["Location"]

    def last() -> Any:
        found = http.get(address)
        return None if found.status_code == 202 else found

    found: httpx.Response = wait_for(last, "the end of the operation")
    return found


def imported(
    http: httpx.Client, registry: str, client: MLClient, name: str, kind: str = "models"
) -> httpx.Response:
    guid = workspace_guid(workspace_id(SUBSCRIPTION, GROUP, str(client.workspace_name)))
    source = f"azureml://locations/local/workspaces/{guid}/{kind}/{name}/versions/1"
    body = {"properties": {"referenceType": "Id", "sourceAssetId": source}}
    return http.post(f"{FRONT_END}/registries/{registry}/import", json=body)


def test_a_registry_is_found_by_its_name(http: httpx.Client, registry_name: str, local: Emulator) -> None:
    found = http.get(f"/registrymanagement/v1.0/registries/{registry_name.upper()}/discovery").json()
    assert (found["registryName"], found["subscriptionId"], found["resourceGroup"]) == (
        registry_name,
        SUBSCRIPTION,
        GROUP,
    )
    assert found["primaryRegionResourceProviderUri"] == f"{local.base}/"
    unknown = http.get("/registrymanagement/v1.0/registries/nobody/discovery")
    assert (unknown.status_code, unknown.json()["error"]["message"]) == (404, "Registry nobody was not found.")
    with local.http() as nobody:
        assert nobody.get(f"/registrymanagement/v1.0/registries/{registry_name}/discovery").status_code == 401


def test_a_name_is_unique_in_the_tenant(http: httpx.Client, registry_name: str) -> None:
    elsewhere = f"{PROVIDER.replace(GROUP, 'other')}/registries/{registry_name.upper()}"
    assert http.put(elsewhere, json={}).status_code == 409
    assert http.put(f"{PROVIDER}/registries/x", json={}).status_code == 400


def test_a_registry_goes_with_what_is_in_it(http: httpx.Client, local: Emulator) -> None:
    name = fresh("mlr")
    make(local, name)
    address = f"{FRONT_END}/registries/{name}/environments/e/versions/1"
    ended(http, http.put(address, json={"properties": {"image": "python:3.11"}}))
    assert http.get(address).status_code == 200
    ended(http, http.delete(f"{PROVIDER}/registries/{name}"))
    assert http.get(address).status_code == 404
    assert http.get(f"/registrymanagement/v1.0/registries/{name}/discovery").status_code == 404


def test_a_write_is_accepted_and_then_there(http: httpx.Client, registry_name: str) -> None:
    name = fresh("e")
    address = f"{FRONT_END}/registries/{registry_name}/environments/{name}/versions/1"
    body = {"properties": {"image": "python:3.11", "description": "said"}}
    answer = http.put(address, json=body)
    assert (answer.status_code, answer.text) == (202, "null")
    assert answer.headers["x-ms-async-operation-timeout"] == "PT1H"
    assert ended(http, answer).status_code == 200
    assert http.get(answer.headers["Azure-AsyncOperation"]).json()["status"] == "Succeeded"
    found = http.get(address).json()
    assert found["id"] == f"azureml://registries/{registry_name}/environments/{name}/versions/1"
    assert (found["name"], found["type"], found["properties"]["image"]) == ("1", "environments", "python:3.11")
    assert not [member for member in found if member.startswith("_")]
    versions = http.get(f"{FRONT_END}/registries/{registry_name}/environments/{name}/versions").json()["value"]
    assert [each["id"] for each in versions] == [found["id"]]
    container = http.get(f"{FRONT_END}/registries/{registry_name}/environments/{name}").json()
    assert (container["properties"]["latestVersion"], container["properties"]["nextVersion"]) == ("1", "2")


def test_an_unknown_name_has_no_versions(http: httpx.Client, registry_name: str) -> None:
    """In a workspace this is 404."""
    answer = http.get(f"{FRONT_END}/registries/{registry_name}/models/none/versions")
    assert (answer.status_code, answer.json()) == (200, {"value": []})
    answer = http.get(f"{FRONT_END}/registries/{registry_name}/models/none/versions/1")
    message = f"Model 'none:1' not found in registry '{registry_name}'"
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, message)


def test_what_is_there_is_not_put_again_with_another_content(http: httpx.Client, registry_name: str) -> None:
    address = f"{FRONT_END}/registries/{registry_name}/environments/{fresh('e')}/versions/1"
    ended(http, http.put(address, json={"properties": {"image": "python:3.11"}}))
    assert http.put(address, json={"properties": {"image": "python:3.12"}}).status_code == 409
    body = {"assetId": http.get(address).json()["id"], "temporaryDataReferenceType": "TemporaryBlobReference"}
    again = http.put(address.replace("/environments/", "/tempdatarefs/"), json=body)
    assert again.status_code == 409


def test_a_registry_fetches_nothing_that_was_not_uploaded_to_it(
    http: httpx.Client, registry_name: str, ml_client: MLClient, tmp_path
) -> None:
    """Whoever may write to a registry could read any workspace otherwise."""
    name = fresh("m")
    model(ml_client, tmp_path / "net", name)
    uri = http.get(f"{PROVIDER}/workspaces/{ml_client.workspace_name}/models/{name}/versions/1").json()
    body = {"properties": {"modelUri": uri["properties"]["modelUri"], "modelType": "custom_model"}}
    answer = http.put(f"{FRONT_END}/registries/{registry_name}/models/{name}/versions/1", json=body)
    assert answer.status_code == 400
    assert "takes files that were uploaded to it" in answer.json()["error"]["message"]


def test_an_import_copies_and_is_not_repeated(
    http: httpx.Client, registry_name: str, ml_client: MLClient, local: Emulator, tmp_path
) -> None:
    name = fresh("m")
    model(ml_client, tmp_path / "net", name)
    answer = imported(http, registry_name, ml_client, name)
    assert (answer.status_code, answer.text) == (202, "null")
    assert ended(http, answer).content == b""
    assert imported(http, registry_name, ml_client, name).status_code == 409
    assert imported(http, registry_name, ml_client, fresh("m")).status_code == 404
    assert imported(http, registry_name, ml_client, name, kind="components").status_code == 501


def test_a_signature_opens_the_version_that_it_was_asked_for(
    http: httpx.Client, registry: MLClient, registry_name: str, tmp_path
) -> None:
    name = fresh("m")
    made = model(registry, tmp_path / "net", name)
    body = {"assetId": made.id, "blobUri": made.path}
    address = f"{FRONT_END}/registries/{registry_name}/datarefs/{name}/versions/1"
    given = http.post(address, json=body).json()["blobReferenceForConsumption"]
    signed = given["credential"]["sasUri"]
    blob = signed.replace("?", "/net/weights?")
    with httpx.Client(verify=http._transport._pool._ssl_context, trust_env=False) as bare:
        assert bare.get(blob).content == b"weights"
        assert bare.put(blob, content=b"other", headers={"x-ms-blob-type": "BlockBlob"}).status_code == 403
        assert bare.get(given["blobUri"] + "/net/weights").status_code == 403
    other = http.post(address, json={**body, "assetId": made.id.replace(registry_name, "nobody")})
    assert other.status_code == 404
