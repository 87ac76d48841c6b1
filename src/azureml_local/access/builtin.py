"""The built-in roles that the emulator knows, with their permissions.

Source: learn.microsoft.com, "Azure built-in roles", read in 2026-08. Of Azure AI Administrator the actions
on resources that a workspace does not depend on are left out. Another built-in role is refused as not there.
"""

from __future__ import annotations

from dataclasses import dataclass

ML = "Microsoft.MachineLearningServices/workspaces"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices"
QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues"
TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables"
FILES = "Microsoft.Storage/storageAccounts/fileServices/fileShares/files"
VAULT = "Microsoft.KeyVault"
COMMON = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
)


@dataclass(frozen=True)
class Role:
    """A role's name and what it gives."""

    name: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()

    def permissions(self) -> dict[str, list[str]]:
        """As ARM writes them."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": [],
        }


ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": Role("Owner", ("*",)),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": Role(
        "Contributor",
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
        ),
    ),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": Role("Reader", ("*/read",)),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": Role(
        "User Access Administrator", ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")
    ),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": Role(
        "Role Based Access Control Administrator",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ),
    ),
    "f1a07417-d97a-45cb-824c-7a7467783830": Role(
        "Managed Identity Operator",
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            *COMMON,
        ),
    ),
    # -- Azure ML ---------------------------------------------------------------------------------
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": Role(
        "AzureML Data Scientist",
        (f"{ML}/*/read", f"{ML}/*/action", f"{ML}/*/delete", f"{ML}/*/write"),
        (
            f"{ML}/delete",
            f"{ML}/write",
            f"{ML}/computes/*/write",
            f"{ML}/computes/*/delete",
            f"{ML}/computes/listKeys/action",
            f"{ML}/listKeys/action",
            f"{ML}/hubs/write",
            f"{ML}/hubs/delete",
            f"{ML}/featurestores/write",
            f"{ML}/featurestores/delete",
        ),
    ),
    "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815": Role(
        "AzureML Compute Operator", (f"{ML}/computes/*", f"{ML}/notebooks/vm/*")
    ),
    "635dd51f-9968-44d3-b7fb-6d9a6bd613ae": Role("AzureML Metrics Writer", (f"{ML}/metrics/*/write",)),
    "ea01e6af-a1c1-4350-9563-ad00f8c72ec5": Role(
        "Azure Machine Learning Workspace Connection Secrets Reader",
        (f"{ML}/connections/listsecrets/action", f"{ML}/metadata/secrets/read"),
    ),
    "1823dd4f-9b8c-4ab6-ab4e-7397a3684615": Role(
        "AzureML Registry User",
        (
            "Microsoft.MachineLearningServices/registries/read",
            "Microsoft.MachineLearningServices/registries/assets/*",
        ),
    ),
    "b78c5d69-af96-48a3-bf8d-a8b4d589de94": Role(
        "Azure AI Administrator",
        (
            *COMMON,
            "Microsoft.ContainerRegistry/registries/*",
            "Microsoft.Insights/components/*",
            "Microsoft.Insights/diagnosticSettings/*",
            "Microsoft.Insights/metrics/*",
            "Microsoft.KeyVault/*",
            f"{ML}/*",
            "Microsoft.OperationalInsights/workspaces/*",
            "Microsoft.Storage/storageAccounts/*",
            "Microsoft.Support/*",
        ),
    ),
    "b556d68e-0be0-4f35-a333-ad7ee1ce17ea": Role(
        "Azure AI Enterprise Network Connection Approver",
        tuple(
            f"{kind}/{action}"
            for kind in (
                "Microsoft.ContainerRegistry/registries",
                "Microsoft.KeyVault/vaults",
                ML,
                "Microsoft.MachineLearningServices/registries",
                "Microsoft.Storage/storageAccounts",
                "Microsoft.Insights/privateLinkScopes",
            )
            for action in (
                "privateEndpointConnectionsApproval/action",
                "privateEndpointConnections/read",
                "privateEndpointConnections/write",
            )
        ),
    ),
    # -- data -------------------------------------------------------------------------------------
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": Role(
        "Storage Blob Data Contributor",
        (
            f"{BLOBS}/containers/delete",
            f"{BLOBS}/containers/read",
            f"{BLOBS}/containers/write",
            f"{BLOBS}/generateUserDelegationKey/action",
        ),
        (),
        tuple(
            f"{BLOBS}/containers/blobs/{each}" for each in ("delete", "read", "write", "move/action", "add/action")
        ),
    ),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": Role(
        "Storage Blob Data Reader",
        (f"{BLOBS}/containers/read", f"{BLOBS}/generateUserDelegationKey/action"),
        (),
        (f"{BLOBS}/containers/blobs/read",),
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": Role(
        "Storage Blob Data Owner",
        (f"{BLOBS}/containers/*", f"{BLOBS}/generateUserDelegationKey/action"),
        (),
        (f"{BLOBS}/containers/blobs/*",),
    ),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": Role(
        "Storage Queue Data Contributor",
        (f"{QUEUES}/delete", f"{QUEUES}/read", f"{QUEUES}/write"),
        (),
        tuple(f"{QUEUES}/messages/{each}" for each in ("delete", "read", "write", "process/action")),
    ),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": Role(
        "Storage Table Data Contributor",
        (f"{TABLES}/read", f"{TABLES}/write", f"{TABLES}/delete"),
        (),
        tuple(f"{TABLES}/entities/{each}" for each in ("read", "write", "delete", "add/action", "update/action")),
    ),
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": Role(
        "Storage File Data Privileged Contributor",
        (),
        (),
        (
            f"{FILES}/read",
            f"{FILES}/write",
            f"{FILES}/delete",
            f"{FILES}/modifypermissions/action",
            "Microsoft.Storage/storageAccounts/fileServices/readFileBackupSemantics/action",
            "Microsoft.Storage/storageAccounts/fileServices/writeFileBackupSemantics/action",
        ),
    ),
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": Role(
        "Key Vault Administrator",
        (
            *COMMON,
            f"{VAULT}/checkNameAvailability/read",
            f"{VAULT}/deletedVaults/read",
            f"{VAULT}/locations/*/read",
            f"{VAULT}/vaults/*/read",
            f"{VAULT}/operations/read",
        ),
        (),
        (f"{VAULT}/vaults/*",),
    ),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": Role("AcrPull", ("Microsoft.ContainerRegistry/registries/pull/read",)),
    "8311e382-0749-4cb8-b61a-304f252e45ec": Role(
        "AcrPush",
        (
            "Microsoft.ContainerRegistry/registries/pull/read",
            "Microsoft.ContainerRegistry/registries/push/write",
        ),
    ),
}
