"""Quota of Azure ML's own pool, which is not that of virtual machines. A job that lacks it waits for ever."""

from __future__ import annotations

from ..config import Target
from ..findings import Findings
from ..tools import Calls
from ..workspace.quota import DEDICATED, LOW, REGION, UNLIMITED, limit, machines
from .azure import ML_API, Account, Standing, rest
from .plan import ML, Wanted


def check(
    calls: Calls, findings: Findings, account: Account, wanted: Wanted, target: Target, standing: Standing
) -> None:
    """Whether the clusters at their largest and the endpoint fit into the quota of the region."""
    place = f"/subscriptions/{account.subscription}/providers/Microsoft.MachineLearningServices/locations"
    sizes = {each["name"].lower(): each for each in rest(calls, f"{place}/{wanted.location}/vmSizes", ML_API)}
    rows = rest(calls, f"{place}/{wanted.location}/usages", ML_API)
    # Where the workspace is there already, what is in use may be its own: the limit alone is compared then.
    ours = any(kind == ML.lower() for kind, _ in standing.existing)
    needs: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for size, count, pool, what in _wishes(wanted, target):
        found = sizes.get(size.lower())
        if not found:
            findings.lacks(f"Azure ML has no {size} in {wanted.location}", "another size, or another --location")
        elif pool == LOW and not found["lowPriorityCapable"]:
            findings.lacks(f"{size} is not offered with low priority", "lowPriority: false, or another size")
        else:
            for quota in (found["family"], REGION):
                needs.setdefault((quota, pool), []).append((count * found["vCPUs"], what))
    for (quota, pool), uses in needs.items():
        _compare(findings, limit(rows, quota, pool), pool, uses, wanted.location, ours=ours)


def _compare(
    findings: Findings,
    row: tuple[str, int, int],
    pool: str,
    uses: list[tuple[int, str]],
    location: str,
    *,
    ours: bool,
) -> None:
    name, most, used = row
    cores = sum(each for each, _ in uses)
    reasons = ", ".join(what for _, what in uses)
    if most == UNLIMITED or cores <= (most if ours else most - used):
        of = "no limit" if most == UNLIMITED else f"of {most}"
        findings.good(f"quota {name} ({pool}): {cores} cores ({of}) for {reasons}")
    else:
        taken = "" if ours or not used else f" with {used} in use"
        findings.lacks(
            f"the quota {name} ({pool}) in {location} is {most}{taken}: {cores} cores for {reasons}",
            "Azure portal, Quotas, Machine learning: ask for more; or fewer nodes, or another --location",
        )


def _wishes(wanted: Wanted, target: Target) -> list[tuple[str, int, str, str]]:
    """Size, number of machines, pool and purpose."""
    wishes = []
    for each in wanted.clusters:
        settings = each["properties"]["properties"]
        nodes = int(settings["scaleSettings"]["maxNodeCount"])
        pool = LOW if settings["vmPriority"] == "LowPriority" else DEDICATED
        name = each["name"].rsplit("/", 1)[-1]
        wishes.append((settings["vmSize"], nodes, pool, f"{nodes} × {settings['vmSize']} of {name}"))
    number = machines(target.instance_type, target.instance_count)
    wishes.append((target.instance_type, number, DEDICATED, f"{number} × {target.instance_type} of the endpoint"))
    return wishes
