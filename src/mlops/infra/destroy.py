"""Taking a target down, in an order that works: nothing is left, nothing is billed, no name is held.

A stack deletes without regard to dependencies, so what a deployment made is deleted here one by one: endpoints and
clusters first, the workspace for good, then what lies beside the group, then the group, then the vault's name.
Stopped anywhere and begun again it ends the same.
"""

from __future__ import annotations

from typing import Any

from ..config import Config
from ..errors import BadInput
from .arm import Manager
from .deploy import ML_VERSION, stack_id
from .direct import STACK_VERSION, Say

GROUP_VERSION = "2025-04-01"
LOCK_VERSION = "2020-05-01"
VAULT_VERSION = "2023-07-01"
AUTHORIZATION_VERSION = "2022-04-01"
POLICY_VERSION = "2023-04-01"
CHILDREN: tuple[tuple[str, dict[str, str]], ...] = (
    ("onlineEndpoints", {}),
    ("computes", {"underlyingResourceAction": "Delete"}),
)
"""What keeps a workspace from being deleted, or goes on being billed; what to say at its deletion."""
ML = "/microsoft.machinelearningservices/workspaces/"


class Destroyer:
    """Takes down what one deployment of a target made."""

    def __init__(self, config: Config, target: str, deployment: str, say: Say) -> None:
        self.target, self.deployment, self.say = config.target(target), deployment, say
        self.stack = stack_id(config, target, deployment)
        self.manager = Manager()
        self.deleted: list[str] = []

    def __call__(self) -> list[str]:
        """Delete everything; the ids of what was there. Raises BadInput first where a lock holds it."""
        ids = self._made()
        groups = [each for each in ids if _is_group(each)]
        self._check_locks(groups)
        vaults = [vault for group in groups for vault in self._vaults(group)]
        for workspace in (each for each in ids if _is_workspace(each)):
            self._workspace(workspace)
        for each in reversed([e for e in ids if _is_beside_groups(e)]):
            self._delete(each, _version(each))
        for group in groups:
            self._delete(group, GROUP_VERSION)
        for vault in vaults:
            self._purge(vault)
        self._delete(self.stack, STACK_VERSION, **{"unmanageAction.Resources": "detach"})
        return self.deleted

    def _made(self) -> list[str]:
        """What the stack holds; without one, the group of the target, if that is there."""
        stack = self.manager.get(self.stack, STACK_VERSION)
        if stack:
            return [each["id"] for each in stack["properties"]["resources"]]
        group = f"/subscriptions/{self.target.subscription_id}/resourceGroups/{self.target.resource_group}"
        workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{self.target.workspace}"
        of_target = self.deployment == "main"
        return [each for each in (group, workspace) if of_target and self.manager.get(each, _version(each))]

    def _check_locks(self, groups: list[str]) -> None:
        locks = [
            lock["id"]
            for group in groups
            for each in self.manager.list(f"{group}/resources", GROUP_VERSION)
            for lock in self.manager.list(f"{each['id']}/providers/Microsoft.Authorization/locks", LOCK_VERSION)
        ]
        if locks:
            names = ", ".join(sorted({each.split("/providers/")[-2].rsplit("/", 1)[-1] for each in locks}))
            raise BadInput(
                f"locked against deletion: {names}", "a person takes the locks away: az lock delete --ids …"
            )

    def _workspace(self, workspace: str) -> None:
        for kind, more in CHILDREN:
            for each in self.manager.list(f"{workspace}/{kind}", ML_VERSION):
                self._delete(each["id"], ML_VERSION, **more)
        # a deleted workspace holds its name for 14 days, unless it is purged at its deletion
        self._delete(workspace, ML_VERSION, forceToPurge="true")

    def _vaults(self, group: str) -> list[dict[str, Any]]:
        return self.manager.list(f"{group}/providers/Microsoft.KeyVault/vaults", VAULT_VERSION)

    def _purge(self, vault: dict[str, Any]) -> None:
        """Give the vault's name free, unless it is protected: then it is held for its retention."""
        if (vault.get("properties") or {}).get("enablePurgeProtection"):
            self.say(f"{vault['name']} is protected: its name is held until its retention has passed")
            return
        held = (
            f"/subscriptions/{self.target.subscription_id}/providers/Microsoft.KeyVault/locations/"
            f"{vault['location']}/deletedVaults/{vault['name']}"
        )
        if self.manager.get(held, VAULT_VERSION):
            self.say(f"purge {vault['name']}")
            self.manager.post(f"{held}/purge", VAULT_VERSION)

    def _delete(self, id: str, version: str, **parameters: str) -> None:
        if self.manager.get(id, version) is None:
            return
        self.say(f"delete {id.rpartition('/providers/')[2] or id}")
        if self.manager.delete(id, version, **parameters):
            self.deleted.append(id)


def _is_group(id: str) -> bool:
    return "/providers/" not in id


def _is_workspace(id: str) -> bool:
    lowered = id.lower()
    return ML in lowered and "/" not in lowered.partition(ML)[2]


def _is_beside_groups(id: str) -> bool:
    return not _is_group(id) and "/resourcegroups/" not in id.lower()


def _version(id: str) -> str:
    """An api-version that knows the type of an id."""
    if _is_group(id):
        return GROUP_VERSION
    kind = id.rpartition("/providers/")[2].lower()
    if "policy" in kind:
        return POLICY_VERSION
    return AUTHORIZATION_VERSION if kind.startswith("microsoft.authorization") else ML_VERSION
