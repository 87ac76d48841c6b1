"""The identity that deploys cannot give itself, or anyone, more than main.bicep does."""

from __future__ import annotations

import uuid

import pytest

from azureml_local.identity.managed import IDENTITIES
from tests.delivery.conftest import World

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-fraud-dev"
DELIVERY = f"{GROUP}-delivery/providers/{IDENTITIES}"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
VERSION = "2022-04-01"


def assignment(role: str, principal: str, kind: str = "ServicePrincipal") -> dict[str, object]:
    return {
        "properties": {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": principal,
            "principalType": kind,
        }
    }


def grant() -> str:
    return f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"


def test_it_grants_what_main_grants_and_nothing_else(deployed: World) -> None:
    from mlops.errors import ServiceFailed

    with deployed.person() as person:
        own = person.get(f"{DELIVERY}/id-fraud-dev-infrastructure", VERSION)
        other = person.get(f"{DELIVERY}/id-fraud-dev-pull-request", VERSION)
    assert own
    assert other
    me, them = own["properties"]["principalId"], other["properties"]["principalId"]
    with deployed.acting("dev-infrastructure") as arm:
        for body in (
            assignment(OWNER, them),
            assignment(BLOB_READER, me),
            assignment(BLOB_READER, them, "User"),
        ):
            with pytest.raises(ServiceFailed, match=r"AuthorizationFailed.*roleAssignments/write"):
                arm.put(grant(), VERSION, body)
        allowed = grant()
        arm.put(allowed, VERSION, assignment(BLOB_READER, them))
        with pytest.raises(ServiceFailed, match="roleAssignments/delete"):
            arm.delete(allowed, VERSION)
    with deployed.person() as person:
        assert person.delete(allowed, VERSION)


NEW = uuid.UUID(int=1)
"""The same in every process that collects these tests."""


@pytest.mark.parametrize(
    ("address", "body"),
    [
        (f"{DELIVERY}/id-fraud-dev-release/federatedIdentityCredentials/mine", {"properties": {"subject": "s"}}),
        (
            f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{uuid.UUID(int=1)}",
            {"properties": {}},
        ),
        (f"{GROUP}/providers/Microsoft.Compute/virtualMachines/miner", {"location": "westeurope"}),
    ],
)
def test_it_writes_neither_credentials_nor_roles(deployed: World, address: str, body: dict[str, object]) -> None:
    from mlops.errors import ServiceFailed

    with deployed.acting("dev-infrastructure") as arm, pytest.raises(ServiceFailed, match="AuthorizationFailed"):
        arm.put(address, VERSION, body)


def test_it_deletes_nothing(deployed: World) -> None:
    from mlops.errors import ServiceFailed

    with deployed.acting("dev-infrastructure") as arm, pytest.raises(ServiceFailed, match="AuthorizationFailed"):
        arm.delete(GROUP, VERSION)
