"""Azure resources that the emulator does not act on: kept, listed, deleted, refused as Azure refuses them."""

from __future__ import annotations

import pytest

from azureml_local.server.control import ask
from tests.emulator import Emulator, fresh
from tests.local.arm import ML, SUBSCRIPTION, Arm, refusal

VAULTS = "Microsoft.KeyVault/vaults"
STORAGE = "Microsoft.Storage/storageAccounts"
BUDGETS = "Microsoft.Consumption/budgets"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


@pytest.fixture
def arm(local: Emulator) -> Arm:
    return Arm(local)


def test_a_resource_of_any_provider_is_what_was_put(arm: Arm) -> None:
    body = {
        "location": "westeurope",
        "tags": {"a": "b"},
        "properties": {"x": [1, {"y": None}]},
        "sku": {"name": "s"},
    }
    id_ = arm.id("Microsoft.Made.Up/things", "One")
    assert arm.put(id_, body).status_code == 201
    assert arm.put(id_.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), body).status_code == 200
    found = arm.get(id_).json()
    assert (found["id"], found["type"], found["tags"], found["sku"]) == (
        id_,
        "Microsoft.Made.Up/things",
        body["tags"],
        body["sku"],
    )
    assert found["properties"] == {"provisioningState": "Succeeded", **body["properties"]}


def test_lists(arm: Arm) -> None:
    vaults = [arm.made(VAULTS, fresh("kv"))["id"] for _ in range(2)]
    arm.made("Microsoft.OperationalInsights/workspaces", fresh("log"))
    assert [each["id"] for each in arm.get(f"{arm.group}/providers/{VAULTS}").json()["value"]] == vaults
    everywhere = arm.get(f"{arm.subscription}/providers/{VAULTS}").json()["value"]
    assert set(vaults) <= {each["id"] for each in everywhere}
    assert len(arm.get(f"{arm.group}/resources").json()["value"]) == 3
    assert arm.get(f"{arm.group}/providers/{ML}").json()["value"] == []  # other workspaces are none of Azure ML's
    groups = arm.get(f"{arm.subscription}/resourceGroups").json()["value"]
    assert arm.group in {each["id"] for each in groups}


def test_children_and_extensions_go_with_what_they_are_of(arm: Arm) -> None:
    account = arm.made(STORAGE, fresh("st").replace("-", ""))["id"]
    service, setting = (
        f"{account}/blobServices/default",
        f"{account}/providers/Microsoft.Insights/diagnosticSettings/d",
    )
    for id_ in (service, setting):
        assert arm.put(id_, {"properties": {}}).status_code == 201
    assert arm.delete(account).status_code == 200
    for id_ in (account, service, setting):
        assert "was not found" in refusal(arm.get(id_), 404)
    assert arm.delete(account).status_code == 204


def test_nothing_is_made_in_a_place_that_is_not_there(arm: Arm) -> None:
    elsewhere = f"{arm.subscription}/resourceGroups/{fresh('none')}"
    answer = arm.put(f"{elsewhere}/providers/{VAULTS}/v", {"properties": {}})
    assert answer.json()["error"]["code"] == "ResourceGroupNotFound"
    orphan = arm.id(STORAGE, "nothere") + "/blobServices/default"
    assert "because the parent resource" in refusal(arm.put(orphan, {}), 404)
    grant = arm.id(VAULTS, "nothere") + "/providers/Microsoft.Authorization/locks/l"
    assert arm.put(grant, {}).json()["error"]["code"] == "ParentResourceNotFound"


def test_a_group_takes_everything_with_it_but_not_a_workspace_with_endpoints(arm: Arm) -> None:
    workspace = arm.made(ML, fresh("mlw"))["id"]
    endpoint = f"{workspace}/onlineEndpoints/{fresh('e')[:20]}"
    assert arm.put(endpoint, {"location": "x", "properties": {"authMode": "Key"}}).status_code == 201
    assert "nested resources" in refusal(arm.delete(arm.group), 409)
    assert "nested resources" in refusal(arm.delete(workspace), 409)
    assert arm.delete(endpoint).status_code == 202
    assert arm.delete(arm.group).status_code == 202
    assert arm.get(arm.group).json()["error"]["code"] == "ResourceGroupNotFound"
    assert arm.get(workspace).status_code == 404


def test_a_lock_holds_what_is_below_and_what_is_above(arm: Arm) -> None:
    vault, other = arm.made(VAULTS, fresh("kv"))["id"], arm.made(VAULTS, fresh("kv"))["id"]
    lock = f"{vault}/providers/Microsoft.Authorization/locks/keep"
    assert arm.put(lock, {"properties": {"level": "CanNotDelete"}}).status_code == 201
    for id_ in (vault, arm.group):
        assert arm.delete(id_).json()["error"]["code"] == "ScopeLocked"
    assert arm.delete(other).status_code == 200
    assert arm.delete(lock).status_code == 200
    assert arm.delete(vault).status_code == 200


def test_an_identity_has_its_ids_for_good(arm: Arm) -> None:
    first = arm.identity("id-one")
    again = arm.put(first["id"], {"location": "westeurope", "tags": {"new": "tag"}}).json()
    for name in ("principalId", "clientId", "tenantId"):
        assert first["properties"][name] == again["properties"][name]
    vault = arm.made(
        "Microsoft.Made.Up/things",
        fresh("t"),
        identity={"type": "UserAssigned", "userAssignedIdentities": {first["id"]: {}}},
    )
    (shown,) = vault["identity"]["userAssignedIdentities"].values()
    assert shown["principalId"] == first["properties"]["principalId"]


def test_a_credential_is_unique_and_there_are_twenty(arm: Arm) -> None:
    base = f"{arm.identity()['id']}/federatedIdentityCredentials"

    def put(number: int, subject: str) -> int:
        values = {"issuer": "https://i", "subject": subject, "audiences": ["a"]}
        return arm.put(f"{base}/c{number}", {"properties": values}).status_code

    assert [put(number, f"s{number}") for number in range(20)] == [201] * 20
    assert put(3, "s3") == 200
    assert put(21, "s3") == 409
    assert put(21, "s21") == 400


def test_a_role_assignment_is_one_for_its_triple_and_keeps_its_principal(arm: Arm) -> None:
    identity, other = arm.identity(), arm.identity()
    made = arm.grant(identity, READER, arm.group).json()
    assert refusal(arm.grant(identity, READER, arm.group), 409).endswith(f"{made['name']}.")
    changed = {**made["properties"], "principalId": other["properties"]["principalId"]}
    assert "not allowed to be updated" in refusal(arm.put(made["id"], {"properties": changed}), 400)
    assert "does not exist" in refusal(arm.grant(identity, "99999999-0000-0000-0000-000000000000", arm.group), 404)
    listed = f"{arm.group}/providers/Microsoft.Authorization/roleAssignments"
    principal = identity["properties"]["principalId"]
    assert [e["id"] for e in arm.get(listed, **{"$filter": f"principalId eq '{principal}'"}).json()["value"]] == [
        made["id"]
    ]
    vault = arm.made(VAULTS, fresh("kv"))["id"]
    inherited = arm.get(f"{vault}/providers/Microsoft.Authorization/roleAssignments").json()["value"]
    assert made["id"] in {each["id"] for each in inherited}


def test_a_role_with_assignments_stays(arm: Arm) -> None:
    role, identity = arm.role("a/read"), arm.identity()
    made = arm.grant(identity, role, arm.group).json()
    path = f"{arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    assert "existing role assignments" in refusal(arm.delete(path), 400)
    assert arm.delete(made["id"]).status_code == 200
    assert arm.delete(path).status_code == 200
    built_in = arm.get(f"/providers/Microsoft.Authorization/roleDefinitions/{READER}").json()
    assert built_in["properties"]["roleName"] == "Reader"


def test_what_can_never_be_changed(arm: Arm) -> None:
    account = arm.made(STORAGE, fresh("st").replace("-", ""), {"isHnsEnabled": False})["id"]
    assert "read-only" in refusal(arm.put(account, {"properties": {"isHnsEnabled": True}}), 400)
    vault = arm.made(VAULTS, fresh("kv"), {"enablePurgeProtection": True})["id"]
    assert "irreversible" in refusal(arm.put(vault, {"properties": {"enablePurgeProtection": False}}), 400)
    budget = arm.made(BUDGETS, "b", {"timePeriod": {"startDate": "2026-11-01T00:00:00Z"}})["id"]
    later = {"properties": {"timePeriod": {"startDate": "2026-12-01T00:00:00Z"}}}
    assert refusal(arm.put(budget, later), 400).startswith("Start date of budgets cannot be updated.")
    wrong = arm.put(arm.id(BUDGETS, "c"), {"properties": {"timePeriod": {"startDate": "2026-11-15"}}})
    assert "first day of the month" in refusal(wrong, 400)


def test_a_deleted_vault_holds_its_name_until_it_is_purged(arm: Arm) -> None:
    name = fresh("kv")
    arm.delete(arm.made(VAULTS, name)["id"])
    held = f"{arm.subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/{name}"
    assert arm.get(held).status_code == 200
    assert "deleted state" in refusal(arm.put(arm.id(VAULTS, name), {"properties": {}}), 409)
    assert arm.send("POST", f"{held}/purge", params={"api-version": "2023-07-01"}).status_code == 200
    assert arm.get(held).status_code == 404
    arm.delete(arm.made(VAULTS, name, {"enablePurgeProtection": True})["id"])
    assert arm.send("POST", f"{held}/purge", params={"api-version": "2023-07-01"}).status_code == 405


def test_everything_is_there_after_a_kill(tmp_path) -> None:
    with Emulator.at(tmp_path).running() as emulator:
        with emulator.addressed():
            arm = Arm(emulator)
            identity = arm.identity()
            arm.grant(identity, READER, arm.group)
            emulator.kill()
            emulator.start()
        with emulator.addressed():
            again = Arm(emulator, group=arm.group)
            assert again.acting(identity).get(arm.group).status_code == 200
            assert again.acting(identity).delete(arm.group).status_code == 403


def test_the_report_of_permissions_is_the_persons_own(arm: Arm) -> None:
    identity = arm.identity()
    arm.grant(identity, arm.role("Microsoft.Resources/subscriptions/resourceGroups/read", "a/write"), arm.group)
    own = arm.acting(identity)
    assert own.get(arm.group).status_code == 200
    assert own.get("/permissions").status_code == 403
    found = ask(arm.emulator.home, "/permissions")["identities"]
    (mine,) = (each for each in found if each["id"] == identity["id"])
    (grant,) = mine["grants"]
    assert grant["used"] == ["Microsoft.Resources/subscriptions/resourceGroups/read"]
    assert grant["unused"] == ["a/write"]
    assert SUBSCRIPTION in grant["scope"]


@pytest.mark.parametrize(
    ("kind", "body", "linked"),
    [
        (
            "Microsoft.Network/privateEndpoints",
            {"properties": {"subnet": {"id": "{vnet}/subnets/s"}}},
            "Microsoft.Network/virtualNetworks/subnets/join/action",
        ),
        (
            "Microsoft.Made.Up/things",
            {"identity": {"type": "UserAssigned", "userAssignedIdentities": {"{identity}": {}}}},
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        ),
    ],
)
def test_whoever_names_another_resource_needs_a_right_on_it(arm: Arm, kind: str, body: dict, linked: str) -> None:
    import json

    identity = arm.identity()
    names = {"{vnet}": arm.id("Microsoft.Network/virtualNetworks", "v"), "{identity}": identity["id"]}
    text = json.dumps(body)
    for mark, id_ in names.items():
        text = text.replace(mark, id_)
    arm.grant(identity, arm.role(f"{kind}/write"), arm.group)
    own, id_ = arm.acting(identity), arm.id(kind, fresh("x"))
    refused = own.put(id_, json.loads(text))
    assert refused.json()["error"]["code"] == "LinkedAuthorizationFailed"
    assert f"'{linked}'" in refusal(refused, 403)
    arm.grant(identity, arm.role(linked), arm.group)
    assert own.put(id_, json.loads(text)).status_code == 201
