"""Storage accounts, key vaults and container registries."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import Plan
from ._rule import rule

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
REGISTRY = "Microsoft.ContainerRegistry/registries"


@rule("PSRule Azure.Storage.LocalAuth; Azure Policy 8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54")
def storage_has_no_shared_keys(plan: Plan) -> Iterator[str]:
    for account in plan.of(STORAGE):
        if account["properties"].get("allowSharedKeyAccess") is not False:
            yield f"{account['name']} can be read with a key"


@rule("PSRule Azure.Storage.BlobPublicAccess and .BlobAccessType")
def storage_has_no_public_blobs(plan: Plan) -> Iterator[str]:
    for account in plan.of(STORAGE):
        if account["properties"].get("allowBlobPublicAccess") is not False:
            yield f"{account['name']} may have public blobs"
    for container in plan.of(f"{STORAGE}/blobServices/containers"):
        if container["properties"].get("publicAccess") != "None":
            yield f"{container['name']} is public"


@rule("PSRule Azure.Storage.MinTLS and .SecureTransfer")
def storage_speaks_tls_1_2(plan: Plan) -> Iterator[str]:
    for account in plan.of(STORAGE):
        properties = account["properties"]
        if properties.get("minimumTlsVersion") not in {"TLS1_2", "TLS1_3"}:
            yield f"{account['name']} accepts {properties.get('minimumTlsVersion')}"
        if properties.get("supportsHttpsTrafficOnly") is not True:
            yield f"{account['name']} accepts http"


@rule("Azure Policy 92a89a79-6c52-4a7e-a03f-61306fc49312, cross-tenant replication")
def storage_stays_in_the_tenant(plan: Plan) -> Iterator[str]:
    for account in plan.of(STORAGE):
        if account["properties"].get("allowCrossTenantReplication") is not False:
            yield f"{account['name']} can be copied to another tenant"


@rule("PSRule Azure.Storage.SoftDelete, .ContainerSoftDelete and .FileShareSoftDelete")
def deleted_data_can_be_restored(plan: Plan) -> Iterator[str]:
    for service, policies in (
        ("blobServices", ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")),
        ("fileServices", ("shareDeleteRetentionPolicy",)),
    ):
        found = {each["name"].split("/")[0]: each["properties"] for each in plan.of(f"{STORAGE}/{service}")}
        for account in plan.of(STORAGE):
            for policy in policies:
                asked = found.get(account["name"], {}).get(policy, {})
                if asked.get("enabled") is not True or asked.get("days", 0) < 7:
                    yield f"{account['name']}: no {policy} of a week"


@rule("house rule: versions and lifecycle rules")
def overwritten_blobs_are_kept_for_a_while(plan: Plan) -> Iterator[str]:
    services = {each["name"].split("/")[0]: each["properties"] for each in plan.of(f"{STORAGE}/blobServices")}
    lifecycles = {each["name"].split("/")[0]: each for each in plan.of(f"{STORAGE}/managementPolicies")}
    for account in plan.of(STORAGE):
        name, hierarchical = account["name"], account["properties"].get("isHnsEnabled")
        if services.get(name, {}).get("isVersioningEnabled") is not (not hierarchical):
            yield f"{name}: versions are on where there is no hierarchical namespace, and only there"
        rules = lifecycles[name]["properties"]["policy"]["rules"] if name in lifecycles else []
        if not any(each["enabled"] for each in rules):
            yield f"{name}: nothing ever leaves the hot tier"


@rule("PSRule Azure.KeyVault.RBAC and .SoftDelete")
def vaults_use_roles_and_restore(plan: Plan) -> Iterator[str]:
    for vault in plan.of(VAULT):
        for property_ in ("enableRbacAuthorization", "enableSoftDelete"):
            if vault["properties"].get(property_) is not True:
                yield f"{vault['name']}: {property_} is off"


@rule("PSRule Azure.KeyVault.PurgeProtect; fact 40: purge protection can never be taken back")
def vaults_are_protected_in_prod_only(plan: Plan) -> Iterator[str]:
    for vault in plan.of(VAULT):
        protected = vault["properties"].get("enablePurgeProtection")
        if plan.target == "prod" and protected is not True:
            yield f"{vault['name']} can be purged"
        if plan.target != "prod" and protected is not None:
            yield f"{vault['name']} cannot be torn down"


@rule("PSRule Azure.ACR.AdminUser and .AnonymousAccess")
def registries_know_their_callers(plan: Plan) -> Iterator[str]:
    for registry in plan.of(REGISTRY):
        for property_ in ("adminUserEnabled", "anonymousPullEnabled"):
            if registry["properties"].get(property_) is not False:
                yield f"{registry['name']}: {property_} is on"


@rule("fact 27: in the other mode AcrPull and AcrPush are ignored")
def registries_pin_the_mode_of_roles(plan: Plan) -> Iterator[str]:
    for registry in plan.of(REGISTRY):
        if registry["properties"].get("roleAssignmentMode") != "LegacyRegistryPermissions":
            yield f"{registry['name']} takes the default mode, which is said to change"


@rule("PSRule Azure.ACR.MinSku; a network rule needs Premium")
def registries_have_the_tier_that_they_need(plan: Plan) -> Iterator[str]:
    allowed = {"Premium"} if plan.closed else {"Standard", "Premium"}
    for registry in plan.of(REGISTRY):
        if registry["sku"]["name"] not in allowed:
            yield f"{registry['name']} is {registry['sku']['name']}"
