"""Who may: a registry is read and written by one permission each, whatever is in it."""

from __future__ import annotations

import pytest

from azureml_local.arm.ids import ResourceId, workspace_guid
from tests.emulator import Emulator, fresh
from tests.local.arm import Arm, refusal

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
REGISTRY_USER = "1823dd4f-9b8c-4ab6-ab4e-7397a3684615"
ML = "Microsoft.MachineLearningServices"


@pytest.fixture
def arm(local: Emulator) -> Arm:
    with local.addressed():
        return Arm(local)


@pytest.fixture
def registry(arm: Arm) -> str:
    """The id of a registry with an environment in it."""
    id_ = str(arm.made(f"{ML}/registries", fresh("mlr"))["id"])
    assert put(arm, id_).status_code == 202
    return id_


def put(arm: Arm, registry: str, name: str = "e"):
    address = f"/mferp/managementfrontend{registry}/environments/{name}/versions/1"
    return arm.put(address, {"properties": {"image": "python:3.11"}})


def discovered(arm: Arm, registry: str):
    return arm.get(f"/registrymanagement/v1.0/registries/{registry.rpartition('/')[2]}/discovery")


def test_without_a_role_a_registry_is_closed(arm: Arm, registry: str) -> None:
    own = arm.acting(arm.identity())
    said = f"User/tenant/subscription is not allowed to access registry {registry.rpartition('/')[2]}"
    listed = own.get(f"/mferp/managementfrontend{registry}/environments")
    for answer in (discovered(own, registry), listed, put(own, registry, "other")):
        assert refusal(answer, 403) == said
    assert ML in refusal(own.get(registry), 403)


def test_a_reader_reads_and_publishes_nothing(arm: Arm, registry: str) -> None:
    identity = arm.identity()
    arm.grant(identity, READER, registry)
    own, front_end = arm.acting(identity), f"/mferp/managementfrontend{registry}"
    assert discovered(own, registry).status_code == 200
    assert len(own.get(f"{front_end}/environments").json()["value"]) == 1
    body = {"assetId": f"azureml://registries/{registry.rpartition('/')[2]}/models/m/versions/1"}
    refused = (
        put(own, registry, "other"),
        own.put(f"{front_end}/tempdatarefs/m/versions/1", body),
        own.send("POST", f"{front_end}/import", json={"properties": {"sourceAssetId": "x"}}),
        own.send("DELETE", f"{front_end}/environments/e/versions/1"),
    )
    for answer in refused:
        assert "is not allowed to access registry" in refusal(answer, 403)


def test_a_registry_user_publishes_what_it_may_read(arm: Arm, registry: str) -> None:
    """The right to write to a registry is none to read a workspace."""
    identity, workspace = arm.identity(), arm.made(f"{ML}/workspaces", fresh("mlw"))["id"]
    source = arm.made(f"{ML}/workspaces", fresh("mlw"))["id"]
    assert arm.put(f"{source}/environments/e/versions/7", {"properties": {"image": "x"}}).status_code == 201
    arm.grant(identity, REGISTRY_USER, registry)
    own = arm.acting(identity)
    assert put(own, registry, "other").status_code == 202
    id_ = ResourceId.parse(source)
    assert id_
    named = f"azureml://locations/local/workspaces/{workspace_guid(id_)}/environments/e/versions/7"
    body = {"properties": {"sourceAssetId": named, "destinationName": "shared"}}
    importing = f"/mferp/managementfrontend{registry}/import"
    said = refusal(own.send("POST", importing, json=body), 403)
    assert f"{ML}/workspaces/environments/versions/read" in said
    arm.grant(identity, READER, source)
    assert own.send("POST", importing, json=body).status_code == 202
    assert workspace != source


def test_whoever_names_an_asset_must_be_allowed_to_read_it(arm: Arm, registry: str) -> None:
    """A job is refused when it is put; the identity of its cluster is not asked."""
    identity, workspace = arm.identity(), arm.made(f"{ML}/workspaces", fresh("mlw"))["id"]
    arm.grant(identity, "b24988ac-6180-42a0-ab88-20f7382dd24c", workspace)
    own, name = arm.acting(identity), registry.rpartition("/")[2]
    job = {
        "jobType": "Command",
        "command": "true",
        "environmentId": f"azureml://registries/{name}/environments/e/versions/1",
    }
    address = f"{workspace}/jobs/{fresh('job')}"
    assert "is not allowed to access registry" in refusal(own.put(address, {"properties": job}), 403)
    arm.grant(identity, READER, registry)
    assert own.put(address, {"properties": job}).status_code == 201


def test_an_identity_makes_no_registry_by_asking(arm: Arm) -> None:
    """The person at the machine does (mlops/workspace/registries): Azure, too, makes none by being asked."""
    own = arm.acting(arm.identity())
    name = fresh("mlr")
    assert discovered(own, f"x/{name}").status_code == 404
    assert refusal(own.put(arm.id(f"{ML}/registries", name), {}), 403)
    assert discovered(arm, f"x/{name}").status_code == 404
