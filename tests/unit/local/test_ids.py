"""Ids of Azure Resource Manager: every form comes back as it was written."""

from __future__ import annotations

import pytest

from azureml_local.arm.ids import ResourceId, workspace_id

S, G = "/subscriptions/s", "/subscriptions/s/resourceGroups/g"
WORKSPACE = f"{G}/providers/Microsoft.MachineLearningServices/workspaces/w"
FORMS = {
    S: ("Microsoft.Resources/subscriptions", "s", ""),
    f"{S}/resourceGroups": ("Microsoft.Resources", "", "resourceGroups"),
    G: ("Microsoft.Resources/resourceGroups", "g", ""),
    f"{G}/resources": ("Microsoft.Resources/resourceGroups", "g", "resources"),
    f"{S}/providers/Microsoft.Authorization/roleDefinitions/r": (
        "Microsoft.Authorization/roleDefinitions",
        "r",
        "",
    ),
    "/providers/Microsoft.Authorization/roleDefinitions/r": ("Microsoft.Authorization/roleDefinitions", "r", ""),
    f"{G}/providers/Microsoft.KeyVault/vaults": ("Microsoft.KeyVault", "", "vaults"),
    f"{G}/providers/Microsoft.Storage/storageAccounts/a/blobServices/default": (
        "Microsoft.Storage/storageAccounts/blobServices",
        "default",
        "",
    ),
    WORKSPACE: ("workspaces", "w", ""),
    f"{WORKSPACE}/jobs/j/cancel": ("workspaces/jobs", "j", "cancel"),
    f"{WORKSPACE}/providers/Microsoft.Authorization/roleAssignments/x": (
        "Microsoft.Authorization/roleAssignments",
        "x",
        "",
    ),
    f"{S}/providers/Microsoft.Resources/deploymentStacks/k": ("Microsoft.Resources/deploymentStacks", "k", ""),
}


@pytest.mark.parametrize("text", FORMS)
def test_a_form_comes_back(text: str) -> None:
    found = ResourceId.parse(text)
    assert found is not None
    assert str(found) == text
    assert (found.type, found.name, found.tail) == FORMS[text]
    if text != "/providers/Microsoft.Authorization/roleDefinitions/r":
        assert found.subscription == "s"
    assert found.group == ("g" if "resourceGroups/g" in text else "")


@pytest.mark.parametrize(
    "text",
    ["", "/", "/health", "/subscriptions", "/subscriptions/s/x/y", "/a/providers/p/t/n", f"{G}/providers/p//n"],
)
def test_what_is_no_id(text: str) -> None:
    assert ResourceId.parse(text) is None


def test_parents_and_scopes() -> None:
    workspace = workspace_id("s", "g", "w")
    assert str(workspace) == WORKSPACE
    assert workspace.full_type == "Microsoft.MachineLearningServices/workspaces"
    grant = workspace.extension("Microsoft.Authorization", "roleAssignments", "x")
    assert grant.scope == WORKSPACE
    assert not grant.is_ours
    assert ResourceId.parse(f"azureml:{WORKSPACE.upper()}").key == workspace.key
