"""Azure Resource Manager of an emulator, as a plain client speaks to it: as a person, or as an identity."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from azureml_local.arm.ids import ResourceId
from azureml_local.arm.signer import Signer
from azureml_local.identity.managed import ManagedIdentity
from tests.emulator import Emulator, fresh, wait_for

SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
VERSION = {"api-version": "2024-01-01"}
ML = "Microsoft.MachineLearningServices/workspaces"
MANAGEMENT = "https://management.azure.com"
STORAGE = "https://storage.azure.com/.default"


class Arm:
    """Requests on ids below one fresh resource group."""

    def __init__(self, emulator: Emulator, token: str | None = None, group: str | None = None) -> None:
        self.emulator = emulator
        self.token = token or emulator.token()
        self.is_person = token is None
        self.subscription = f"/subscriptions/{SUBSCRIPTION}"
        self.group = group or f"{self.subscription}/resourceGroups/{fresh('rg')}"
        if group is None:
            assert self.put(self.group, {"location": "westeurope"}).status_code == 201

    def id(self, path: str, name: str) -> str:
        """The id of a resource of the group: `Microsoft.KeyVault/vaults`, `v`."""
        return f"{self.group}/providers/{path}/{name}"

    def send(self, method: str, address: str, **options: Any) -> httpx.Response:
        """One request, on a connection of its own; a blob is asked for with a token for storage."""
        token = self.emulator.token(STORAGE) if self.is_person and ".blob." in address else self.token
        with self.emulator.http(headers={"Authorization": f"Bearer {token}"}) as http:
            return http.request(method, address, **options)

    def put(self, id_: str, body: dict[str, Any]) -> httpx.Response:
        return self.send("PUT", id_, params=VERSION, json=body)

    def get(self, id_: str, **parameters: str) -> httpx.Response:
        return self.send("GET", id_, params={**VERSION, **parameters})

    def delete(self, id_: str, **parameters: str) -> httpx.Response:
        """The answer once the deletion has ended."""
        answer = self.send("DELETE", id_, params={**VERSION, **parameters})
        if address := answer.headers.get("azure-asyncoperation"):
            state = wait_for(lambda: self._ended(address), f"the end of {address}")
            assert state["status"] == "Succeeded", state
        elif answer.status_code == 202:
            result = wait_for(lambda: self._result(answer.headers["location"]), f"the end of {id_}")
            assert result.status_code == 200, result.text
        return answer

    def _result(self, address: str) -> httpx.Response | None:
        answer = self.send("GET", address)
        return None if answer.status_code == 202 else answer

    def _ended(self, address: str) -> dict[str, Any] | None:
        state: dict[str, Any] = self.send("GET", address).json()
        return state if state["status"] in ("Succeeded", "Failed") else None

    def made(self, path: str, name: str, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A new resource, which must not be refused."""
        answer = self.put(self.id(path, name), {"location": "westeurope", "properties": properties or {}, **more})
        assert answer.status_code in (200, 201), answer.text
        content: dict[str, Any] = answer.json()
        return content

    def identity(self, name: str = "") -> dict[str, Any]:
        return self.made("Microsoft.ManagedIdentity/userAssignedIdentities", name or fresh("id"))

    def grant(self, identity: dict[str, Any], role: str, scope: str, **more: Any) -> httpx.Response:
        """Give an identity a role (a GUID) on a scope."""
        values = {
            "principalId": identity["properties"]["principalId"],
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
            **more,
        }
        name = str(uuid.uuid4())
        return self.put(
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", {"properties": values}
        )

    def role(self, *actions: str, **more: list[str]) -> str:
        """A custom role with these actions; its name."""
        name = str(uuid.uuid4())
        permissions = {"actions": list(actions), "notActions": [], "dataActions": [], **more}
        answer = self.put(
            f"{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{name}",
            {"properties": {"roleName": name, "type": "CustomRole", "permissions": [permissions]}},
        )
        assert answer.status_code == 201, answer.text
        return name

    def acting(self, identity: dict[str, Any], audience: str = MANAGEMENT) -> Arm:
        """The same group, as an identity: with a token that federation would give it."""
        values = identity["properties"]
        id_ = ResourceId.parse(identity["id"])
        assert id_
        claims = ManagedIdentity(id_, values["principalId"], values["clientId"]).claims()
        signer = Signer(self.emulator.home.secret("signing"))
        return Arm(self.emulator, signer.token(audience, claimed=claims)[0], self.group)

    def parts(self) -> dict[str, str]:
        """What a workspace needs, made: the ids by the workspace's properties."""
        short = fresh("x").replace("-", "")[:20]
        kinds = {
            "storageAccount": ("Microsoft.Storage/storageAccounts", f"st{short}"),
            "keyVault": ("Microsoft.KeyVault/vaults", f"kv{short}"),
            "applicationInsights": ("Microsoft.Insights/components", f"appi-{short}"),
            "containerRegistry": ("Microsoft.ContainerRegistry/registries", f"cr{short}"),
        }
        return {name: self.made(*kind)["id"] for name, kind in kinds.items()}


def refusal(answer: httpx.Response, status: int) -> str:
    """The message of a refusal with this status."""
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["message"])
