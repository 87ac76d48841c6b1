"""Shared access signatures: one reading of the query decides who asks and what they may."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from azureml_local.arm.signer import Signer
from tests.emulator import Emulator, fresh
from tests.local.arm import ML, Arm

READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
"""Storage Blob Data Reader."""
NOW = {"api-version": "2024-10-01"}


@dataclass
class Delegated:
    """A signature that an identity with the reader's role was given, and the container that it is for."""

    arm: Arm
    container: str
    identity: dict[str, str]
    signature: str

    def send(self, method: str, more: str = "", signature: str = "") -> httpx.Response:
        """A request on one blob of the container, with no token."""
        with self.arm.emulator.http() as http:
            address = f"{self.container}/kept.txt?{signature or self.signature}{more}"
            return http.request(method, address, content=b"x" if method == "PUT" else None)


@pytest.fixture
def reader(local: Emulator) -> Delegated:
    arm = Arm(local)
    account = f"st{fresh('x').replace('-', '')[:20]}"
    made = arm.made("Microsoft.Storage/storageAccounts", account)
    arm.made(ML, fresh("mlw"), {"storageAccount": made["id"]})
    identity = arm.identity()
    assert arm.grant(identity, READER, made["id"]).status_code == 201
    container = f"/{account}.blob.blobhost.invalid/azureml"
    principal = identity["properties"]["principalId"]
    signature = Signer(local.home.secret("signing")).sas(f"{account}/azureml", "rwdl", principal=principal)
    found = Delegated(arm, container, identity, signature)
    assert arm.send("PUT", f"{container}?restype=container").status_code in (201, 409)
    assert arm.send("PUT", f"{container}/kept.txt", content=b"kept").status_code == 201
    return found


def test_a_delegated_signature_gives_what_its_identity_may(reader: Delegated) -> None:
    assert reader.send("GET").text == "kept"
    assert reader.send("PUT").status_code == 403
    assert reader.send("DELETE").status_code == 403


@pytest.mark.parametrize("more", ["&skoid=nobody", "&SKOID=nobody", "&skoid=", "&sp=rwdl", "&comp=&comp=list"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_parameter_that_is_given_twice_is_refused(reader: Delegated, method: str, more: str) -> None:
    assert reader.send(method, more).status_code == 400
    assert reader.send("GET").text == "kept"


def test_a_signature_ends_with_its_identity(reader: Delegated) -> None:
    assert reader.arm.delete(reader.identity["id"]).status_code in (200, 202)
    for method in ("GET", "PUT", "DELETE"):
        refused = reader.send(method)
        assert refused.status_code == 403
        assert refused.headers["x-ms-error-code"] == "AuthenticationFailed"


def test_the_person_s_own_delegation_opens_what_it_says(reader: Delegated, ml_client, local: Emulator) -> None:
    """What listSecrets gives the person at this machine is delegated by them."""
    store = ml_client.datastores.get_default()
    id_ = f"{ml_client.workspaces.get(ml_client.workspace_name).id}/datastores/{store.name}/listSecrets"
    given = Arm(local, group="").send("POST", id_, params=NOW).json()["sasToken"]
    assert "skoid=" in given
    host = urlsplit(f"https://{store.account_name}").path.strip("/")
    path = f"/{host}.blob.blobhost.invalid/{store.container_name}/{fresh('b')}"
    with local.http() as http:
        assert http.put(f"{path}{given}", content=b"mine").status_code == 201
        assert http.get(f"{path}{given}").text == "mine"


@pytest.mark.parametrize("expires", ["²", "9" * 5000, "-1", "1e99", " 9999999999", ""])
def test_an_end_that_is_no_number_of_seconds_is_refused(reader: Delegated, expires: str) -> None:
    """Without a token, so whatever is sent must not reach anything that can fail."""
    refused = reader.send("GET", signature=f"sv=1&sr=c&sp=r&se={expires}&sig=x")
    assert refused.status_code == 403
    assert refused.headers["x-ms-error-code"] == "AuthenticationFailed"
