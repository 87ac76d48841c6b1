"""Parity rules of infrastructure and identities: in force, and switched off."""

from __future__ import annotations

import httpx
import pytest

from azureml_local.arm.signer import Signer
from tests.emulator import Emulator, fresh, wait_for
from tests.local.arm import ML, VERSION, Arm, refusal

CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"


@pytest.fixture
def arm(local: Emulator) -> Arm:
    return Arm(local)


@pytest.fixture
def lenient_arm(lenient: Emulator) -> Arm:
    return Arm(lenient)


def workspace(arm: Arm, name: str, **properties: object) -> httpx.Response:
    return arm.put(arm.id(ML, name), {"location": "westeurope", "properties": properties})


# -- rbac ----------------------------------------------------------------------------------------------


def test_rbac(arm: Arm):
    identity = arm.identity()
    own = arm.acting(identity)
    vault = arm.id("Microsoft.KeyVault/vaults", fresh("kv"))
    values = identity["properties"]
    said = refusal(own.put(vault, {"location": "x"}), 403)
    assert said == (
        f"The client '{values['clientId']}' with object id '{values['principalId']}' does not have authorization "
        f"to perform action 'Microsoft.KeyVault/vaults/write' over scope '{vault}' or the scope is invalid. If "
        "access was recently granted, please refresh your credentials."
    )
    assert arm.grant(identity, arm.role("microsoft.keyvault/VAULTS/write"), arm.group).status_code == 201
    assert own.put(vault, {"location": "x"}).status_code == 201
    assert "vaults/delete" in refusal(own.delete(vault), 403)


def test_rbac_allowed(lenient_arm: Arm):
    own = lenient_arm.acting(lenient_arm.identity())
    assert own.put(own.id("Microsoft.KeyVault/vaults", fresh("kv")), {"location": "x"}).status_code == 201


# -- oidc ----------------------------------------------------------------------------------------------


def federated(arm: Arm, subject: str) -> dict:
    identity = arm.identity()
    answer = arm.put(
        f"{identity['id']}/federatedIdentityCredentials/github",
        {"properties": {"issuer": GITHUB, "subject": subject, "audiences": [AUDIENCE]}},
    )
    assert answer.status_code == 201
    return identity


def exchanged(arm: Arm, identity: dict, assertion: str) -> httpx.Response:
    form = {
        "client_id": identity["properties"]["clientId"],
        "client_assertion": assertion,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "grant_type": "client_credentials",
        "scope": "https://management.azure.com/.default",
    }
    with arm.emulator.http() as http:
        return http.post("/tenant/oauth2/v2.0/token", data=form)


def asserted(arm: Arm, subject: str, hours: float = 0.05, issuer: str = GITHUB) -> str:
    signer = Signer(arm.emulator.home.secret("signing"))
    return signer.token(AUDIENCE, hours=hours, claimed={"iss": issuer, "sub": subject})[0]


def test_oidc(arm: Arm):
    name = fresh("prod")
    subject = f"repo:Own/name:environment:{name}"
    identity = federated(arm, subject)
    good = exchanged(arm, identity, asserted(arm, subject))
    assert good.status_code == 200
    acting = Arm(arm.emulator, good.json()["access_token"], arm.group)
    assert identity["properties"]["principalId"] in refusal(acting.get(arm.group), 403)
    cases = {
        asserted(
            arm, "repo:own/name:pull_request"
        ): "AADSTS700213: No matching federated identity record found for "
        "presented assertion subject 'repo:own/name:pull_request'",
        asserted(arm, subject.replace("Own", "own")): "AADSTS7002138",
        asserted(arm, subject, issuer="https://elsewhere"): "AADSTS700213",
        asserted(arm, subject, hours=-0.01): "AADSTS700024",
        "nonsense": "AADSTS50027",
    }
    for assertion, code in cases.items():
        refused = exchanged(arm, identity, assertion)
        assert refused.status_code == 401
        assert code in refused.json()["error_description"]
    assert "AADSTS70025" in exchanged(arm, arm.identity(), asserted(arm, subject)).text
    # an assertion is a proof for Entra, not a token for anything else
    assert Arm(arm.emulator, asserted(arm, subject), arm.group).get(arm.group).status_code == 401


def lifetime(arm: Arm) -> float:
    """How long an assertion of GitHub's lives, in seconds."""
    name = fresh("env")
    federated(arm, f"repo:o/n:environment:{name}")
    header = {"X-IDENTITY-HEADER": arm.emulator.home.secret("identity-header")}
    with arm.emulator.http(headers=header) as http:
        given = http.get("/github/token", params={"environment": name}).json()
        assert http.get("/github/token", params={"environment": "none"}).status_code == 404
    with arm.emulator.http() as http:
        assert http.get("/github/token", params={"environment": name}).status_code == 401
    assert given["subject"] == f"repo:o/n:environment:{name}"
    claims = Signer(arm.emulator.home.secret("signing")).assertion(given["value"])
    assert claims
    return float(claims["exp"] - claims["iat"])


def test_oidc_lifetime(arm: Arm):
    assert lifetime(arm) == 300


def test_oidc_allowed(lenient_arm: Arm):
    assert lifetime(lenient_arm) > 3600


# -- the workspace -------------------------------------------------------------------------------------


def refused_for_grants(arm: Arm) -> tuple[str, dict, dict, httpx.Response]:
    """A workspace whose identity has no role on its parts: its name, identity, parts, and the answer."""
    name, identity, parts = fresh("mlw"), arm.identity(), arm.parts()
    values = {**parts, "primaryUserAssignedIdentity": identity["id"]}
    return name, identity, values, workspace(arm, name, **values)


def test_workspace_grants(arm: Arm):
    name, identity, values, answer = refused_for_grants(arm)
    said = refusal(answer, 400)
    assert said.startswith("User assigned identity doesn't have enough permissions.")
    # one action is named, however many are missing
    assert "Microsoft.KeyVault/vaults/read" in said
    assert "storageAccounts" not in said
    assert arm.get(arm.id(ML, name)).status_code == 404
    arm.grant(identity, CONTRIBUTOR, arm.group)
    assert workspace(arm, fresh("mlw"), **values).status_code == 201


def test_workspace_grants_allowed(lenient_arm: Arm):
    assert refused_for_grants(lenient_arm)[3].status_code == 201


def test_name_cache(arm: Arm):
    name, identity, values, answer = refused_for_grants(arm)
    arm.grant(identity, CONTRIBUTOR, arm.group)
    again = workspace(arm, name, **values)
    assert refusal(again, 400) == refusal(answer, 400)


def test_name_cache_allowed(tmp_path):
    with Emulator.at(tmp_path, "name-cache").running() as emulator, emulator.addressed():
        arm = Arm(emulator)
        name, identity, values, answer = refused_for_grants(arm)
        assert answer.status_code == 400
        arm.grant(identity, CONTRIBUTOR, arm.group)
        assert workspace(arm, name, **values).status_code == 201


def deleted(arm: Arm, **parameters: str) -> httpx.Response:
    name = fresh("mlw")
    assert workspace(arm, name).status_code == 201
    assert arm.delete(arm.id(ML, name), **parameters).status_code == 202
    assert arm.get(arm.id(ML, name)).status_code == 404
    return workspace(arm, name)


def test_soft_delete(arm: Arm):
    assert refusal(deleted(arm), 400).startswith("Soft-deleted workspace exists. Please purge or recover it.")
    assert deleted(arm, forceToPurge="true").status_code == 201


def test_soft_delete_allowed(lenient_arm: Arm):
    assert deleted(lenient_arm).status_code == 201


def test_group_deletion_location(arm: Arm):
    """Azure's own pollers follow Location where it is all that they are given."""
    answer = arm.send("DELETE", arm.group, params=VERSION)
    assert answer.status_code == 202
    assert "azure-asyncoperation" not in answer.headers
    address = answer.headers["location"]
    assert wait_for(lambda: arm.send("GET", address).status_code != 202, "the end of the group")
    assert arm.send("GET", address).status_code == 200
    assert arm.get(arm.group).status_code == 404


def test_group_deletion_location_allowed(lenient_arm: Arm):
    answer = lenient_arm.send("DELETE", lenient_arm.group, params=VERSION)
    assert answer.status_code == 202
    assert {"azure-asyncoperation", "location"} <= set(answer.headers)


def on_a_lake(arm: Arm) -> httpx.Response:
    name = fresh("dl").replace("-", "")
    lake = arm.made("Microsoft.Storage/storageAccounts", name, {"isHnsEnabled": True})
    return workspace(arm, fresh("mlw"), storageAccount=lake["id"])


def test_workspace_storage_plain(arm: Arm):
    assert refusal(on_a_lake(arm), 400) == "Cannot use storage with HNS enabled"


def test_workspace_storage_plain_allowed(lenient_arm: Arm):
    assert on_a_lake(lenient_arm).status_code == 201


def detached(arm: Arm) -> httpx.Response:
    name, parts = fresh("mlw"), arm.parts()
    assert workspace(arm, name, **parts).status_code == 201
    del parts["containerRegistry"]
    return workspace(arm, name, **parts)


def test_workspace_detach_acr(arm: Arm):
    assert refusal(detached(arm), 400) == "Detaching Container Registry with workspace is not supported"


def test_workspace_detach_acr_allowed(lenient_arm: Arm):
    assert detached(lenient_arm).status_code == 200
