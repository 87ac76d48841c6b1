"""Names that are still held, or that someone else has. What is ours already is neither."""

from __future__ import annotations

from ..findings import Findings
from ..tools import Calls
from .azure import ML_API, Account, Standing, rest
from .plan import ML, Wanted

UNIQUE = {
    "Microsoft.Storage/storageAccounts": ("storage account", ("az", "storage", "account", "check-name")),
    "Microsoft.ContainerRegistry/registries": ("container registry", ("az", "acr", "check-name")),
    "Microsoft.KeyVault/vaults": ("key vault", ("az", "keyvault", "check-name")),
}
"""Kinds whose names are unique in the whole of Azure, and the call that tells whether one is free."""
OTHER = "set the parameter suffix in infra/main.{target}.bicepparam: names are made from it"


def check(
    calls: Calls,
    findings: Findings,
    account: Account,
    wanted: Wanted,
    standing: Standing,
    target: str,
    providers: frozenset[str],
) -> None:
    """Of those kinds whose provider answers: one that is not registered has no answer, and no names either."""
    of = ("--subscription", account.subscription)
    other = OTHER.format(target=target)
    held: set[str] = set()
    if "Microsoft.KeyVault" in providers:
        for vault in calls.read("az", "keyvault", "list-deleted", "--resource-type", "vault", *of):
            held.add(vault["name"].lower())
    for kind, (what, call) in UNIQUE.items():
        for each in wanted.of(kind):
            if kind.partition("/")[0] not in providers or standing.has(each):
                continue
            name = each["name"]
            if kind.endswith("/vaults") and name.lower() in held:
                findings.lacks(
                    f"the key vault {name} was deleted and holds its name",
                    f"az keyvault purge --name {name}, or {other}",
                )
                continue
            answer = calls.read(*call, "--name", name, *of)
            if answer["nameAvailable"]:
                findings.good(f"the {what} {name}: its name is free")
            else:
                findings.lacks(f"the {what} {name}: its name is taken ({answer['reason']})", other)
    if ML.partition("/")[0] in providers:
        _workspace(calls, findings, account, wanted, other)


def _workspace(calls: Calls, findings: Findings, account: Account, wanted: Wanted, other: str) -> None:
    """No call lists deleted workspaces; some of them stay in the list with that state, and those are found."""
    name = wanted.settings["workspace"]
    own = f"/resourcegroups/{wanted.group}/".lower()
    listed = rest(calls, f"/subscriptions/{account.subscription}/providers/{ML}", ML_API)
    for each in listed:
        state = str(each["properties"].get("provisioningState"))
        if each["name"].lower() == name.lower() and own in each["id"].lower() and state == "SoftDeleted":
            findings.lacks(
                f"the workspace {name} was deleted and holds its name for 14 days",
                f"az ml workspace delete --name {name} --resource-group {wanted.group} --permanently-delete, "
                f"or {other}",
            )
            return
    findings.good(f"the workspace {name}: no deleted one is listed")
