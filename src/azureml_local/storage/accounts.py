"""Storage accounts: as resources, and the one that a workspace has."""

from __future__ import annotations

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.ids import ResourceId, workspace_guid
from ..arm.plain import ArmResource

STORAGE = "Microsoft.Storage/storageAccounts"


class StorageAccount(ArmResource):
    """An account. Whether it has a hierarchical namespace is decided once."""

    read_only = (
        (
            "isHnsEnabled",
            "The property 'isHnsEnabled' was specified in the input, but it cannot be updated as it is a "
            "read-only property.",
        ),
    )


def account(context: Context, workspace: ResourceId) -> str:
    """The name of a workspace's own storage account."""
    found = context.store.get(workspace.workspace)
    named = str(properties(found).get("storageAccount") or "") if found else ""
    return named.rsplit("/", 1)[-1] or f"st{workspace_guid(workspace).replace('-', '')[:22]}"


def account_id(context: Context, name: str) -> str:
    """The id of a storage account; one that no deployment made is known by its name only."""
    accounts = context.store.of_type(STORAGE)
    return next((str(each.id) for each in accounts if each.id.name == name), f"/storageAccounts/{name}")
