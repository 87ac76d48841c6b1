"""Each identity has the least that it needs: what workflows call works under it, and nothing is left over."""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azureml_local.access.patterns import granted
from mlops import config
from mlops.data.storage import place
from mlops.infra.bicep import snapshot
from mlops.workspace import connect
from tests.delivery.conftest import TARGETS, World, of
from tests.project import REPOSITORY

ML = "Microsoft.MachineLearningServices/workspaces/"
UNPROVEN: dict[str, dict[str, Any]] = tomllib.loads((REPOSITORY / "infra" / "unproven-actions.toml").read_text())
ROLES = ("pull-request", "train", "release", "metrics", "step", "plan", "infrastructure")
HOLDERS = {"step": "compute", "metrics": "release"}
"""The identity of a role where it has another name."""
ALIKE = {"train": ("pull-request",)}
"""Roles that share their actions with another one, because both run the same command."""
ELSEWHERE = {"pull-request": ("dev",), "train": ("dev",)}
"""Roles that only some targets give to anyone."""


def unproven(role: str) -> set[str]:
    """What a role grants on documentation alone."""
    return {
        action if action.startswith("Microsoft.") else f"{ML}{action}"
        for each in UNPROVEN.values()
        if role in each["roles"]
        for action in each["actions"]
    }


@pytest.fixture(scope="session")
def roles() -> dict[str, list[str]]:
    """The actions of each custom role, as the bootstrap of dev would make it."""
    made = snapshot(
        REPOSITORY / "infra" / "bootstrap.bicepparam", "00000000-0000-0000-0000-000000000001", "westeurope", {}
    )
    return {
        each["properties"]["roleName"].removeprefix("fraud dev "): each["properties"]["permissions"][0]["actions"]
        for each in made.resources
        if each["type"] == "Microsoft.Authorization/roleDefinitions"
    }


def needed(world: World, role: str) -> Iterator[dict[str, Any]]:
    """What the holders of a role asked for and got, in every target."""
    for other in ALIKE.get(role, ()):
        yield from needed(world, other)
    for target in ELSEWHERE.get(role, TARGETS):
        yield from world.used(f"id-fraud-{target}-{HOLDERS.get(role, role)}")


def uses(pattern: str, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests that a pattern of actions serves."""
    return [each for each in asked if not each["data"] and granted(each["action"], [pattern], [])]


def test_every_role_is_looked_at(roles: dict[str, list[str]]) -> None:
    assert set(roles) == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_no_action_is_granted_that_nothing_needs(delivered: World, roles: dict[str, list[str]], role: str) -> None:
    """An action that is taken away makes this fail, as does one that is added: the sets are the same."""
    asked = list(needed(delivered, role))
    left_over = {action for action in roles[role] if not uses(action, asked)}
    assert left_over - unproven(role) == set(), (
        "granted, and nothing needs it: take it out of infra/custom-roles.bicep"
    )
    assert unproven(role) - left_over == set(), (
        "needed, or not granted: take it out of infra/unproven-actions.toml"
    )


@pytest.mark.parametrize("role", ROLES)
def test_without_any_one_action_something_is_refused(
    delivered: World, roles: dict[str, list[str]], role: str
) -> None:
    """Each action by itself: of what was asked for, something is granted by no other one."""
    asked = list(needed(delivered, role))
    for action in set(roles[role]) - unproven(role):
        others = [each for each in roles[role] if each != action]
        refused = [
            each for each in uses(action, asked) if not any(granted(name, others, []) for name in each["any"])
        ]
        assert refused, f"nothing needs {action} of {role} that it does not have otherwise"


def test_figures_are_for_whoever_releases(delivered: World) -> None:
    """Of the others the metrics are nobody's business; what there is they see all the same."""
    seen, other = (
        json.loads(delivered.said[f"seen by {each}"].stdout)["endpoint"]
        for each in ("dev-release", "dev-pull-request")
    )
    assert (seen["figures"]["origin"], seen["figures"]["why"]) == ("metrics", "")
    assert sum(each["counts"]["requests"] for each in seen["deployments"]) >= 1
    assert "Azure Monitor does not answer about RequestsPerMinute" in other["figures"]["why"]
    assert [each["name"] for each in other["deployments"]] == [each["name"] for each in seen["deployments"]]


def test_taking_an_action_away_is_refused_for_real(delivered: World) -> None:
    """As the test before computes it: the role without the action, and the workflow's own command."""
    path = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions"
    with delivered.person() as arm:
        (role,) = (r for r in arm.list(path, "2022-04-01") if r["properties"]["roleName"] == "fraud dev release")
        before = role["properties"]
        (permissions,) = before["permissions"]
        less = [each for each in permissions["actions"] if not each.endswith("/onlineEndpoints/score/action")]
        arm.put(
            role["id"], "2022-04-01", {"properties": {**before, "permissions": [{**permissions, "actions": less}]}}
        )
        try:
            refused = delivered.project.mlops(*of("score", "dev"), identity="dev-release")
            assert refused.returncode == 4
        finally:
            arm.put(role["id"], "2022-04-01", {"properties": before})
    assert delivered.project.mlops(*of("score", "dev"), identity="dev-release").returncode == 0


@contextlib.contextmanager
def uploading(world: World) -> Iterator[Any]:
    """The container of the workspace's blobs, as a pull request may open it."""
    with world.acting("dev-pull-request"):
        client, _ = connect.connect(config.load(), "dev")
        yield place(client, "azureml://datastores/workspaceblobstore/paths/").container


def test_a_pull_request_writes_what_it_submits_and_deletes_nothing(deployed: World) -> None:
    path = "LocalUpload/0123/settings.json"
    with uploading(deployed) as container:
        container.upload_blob(path, b"x", overwrite=True)
        assert container.download_blob(path).readall() == b"x"
        with pytest.raises(HttpResponseError) as caught:
            container.delete_blob(path)
    assert caught.value.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "releases/fraud/1/x/release.json",
        "landed/transactions/more.parquet",
        "azureml/0123/model/model.onnx",
        "LocalUpload",
        "LocalUpload/../landed/x",
    ],
)
def test_a_pull_request_writes_nothing_that_lasts(deployed: World, path: str) -> None:
    with uploading(deployed) as container, pytest.raises(HttpResponseError) as caught:
        container.upload_blob(path, b"x", overwrite=True)
    assert caught.value.status_code == 403


REFUSALS = (
    # at the lease of the endpoint already, which lies in the workspace's storage
    ("dev-pull-request", "deploy 1", "dev", "Microsoft.Storage/storageAccounts/stfrauddev"),
    ("dev-pull-request", "score", "dev", "key_auth_access_denied"),
    ("dev-pull-request", "infra plan", "dev", "AuthorizationFailed"),
    ("dev-release", "train", "dev", "data/read actions"),
    ("dev-train", "score", "dev", "key_auth_access_denied"),
    ("dev-plan", "train --allow-dirty", "dev", "write"),
    ("dev-release", "status", "prod", "Microsoft.MachineLearningServices/workspaces"),
    ("staging-release", "deploy", "dev", "Microsoft.MachineLearningServices/workspaces"),
    ("prod-pull-request", "status", "prod", "Microsoft.MachineLearningServices/workspaces"),
)


@pytest.mark.parametrize(("identity", "command", "target", "says"), REFUSALS)
def test_what_an_identity_is_not_for_it_may_not(
    delivered: World, identity: str, command: str, target: str, says: str
) -> None:
    ended = delivered.project.mlops(*of(command, target), identity=identity)
    assert ended.returncode == 4, (ended.stdout, ended.stderr)
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) <= 3, ended.stderr
