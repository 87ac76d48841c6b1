"""Quota of Azure ML's own pool, which is not that of virtual machines. A job that lacks it waits for ever."""

from __future__ import annotations

import math
from typing import Any

from ..config import Target
from ..findings import Findings
from ..tools import Calls
from .azure import ML_API, Account, Standing, rest
from .plan import ML, Wanted

RESERVE = 1.2
"""What an online endpoint reserves beyond its instances, for its updates."""
DEDICATED, LOW = "dedicated", "low-priority"
REGION = "region"
UNLIMITED = -1


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
        _compare(findings, _limit(rows, quota, pool), pool, uses, wanted.location, ours=ours)


def _compare(
    findings: Findings,
    row: tuple[str, int, int],
    pool: str,
    uses: list[tuple[int, str]],
    location: str,
    *,
    ours: bool,
) -> None:
    name, limit, used = row
    cores = sum(each for each, _ in uses)
    reasons = ", ".join(what for _, what in uses)
    if limit == UNLIMITED or cores <= (limit if ours else limit - used):
        of = "no limit" if limit == UNLIMITED else f"of {limit}"
        findings.good(f"quota {name} ({pool}): {cores} cores ({of}) for {reasons}")
    else:
        taken = "" if ours or not used else f" with {used} in use"
        findings.lacks(
            f"the quota {name} ({pool}) in {location} is {limit}{taken}: {cores} cores for {reasons}",
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
    machines = math.ceil(RESERVE * target.instance_count)
    wishes.append(
        (target.instance_type, machines, DEDICATED, f"{machines} × {target.instance_type} of the endpoint")
    )
    return wishes


def _limit(rows: list[dict[str, Any]], quota: str, pool: str) -> tuple[str, int, int]:
    """Name, limit and use of a family's quota, or of the region's. A family without a row has none.

    The rows of both pools carry the same name, and names are written in two ways: `standardDSv2Family` and
    `TotalDedicatedCores`, or `Standard DSv2 Family Cluster Dedicated vCPUs` and `Total Cluster … vCPUs`.
    """
    for row in rows:
        name = row["name"]["value"]
        plain = name.replace(" ", "").lower()
        low = "lowpriority" in plain or "lowpriority" in row["type"].lower()
        of_region = plain.startswith("total") and plain.endswith(("cores", "vcpus"))
        wanted = of_region if quota == REGION else plain.split("cluster")[0] == quota.lower()
        # Rows of single workspaces and clusters repeat what they use of it.
        if wanted and low == (pool == LOW) and "/workspaces/" not in row["id"].lower():
            return name if quota == REGION else quota, row["limit"], row["currentValue"]
    return ("of the region", UNLIMITED, 0) if quota == REGION else (quota, 0, 0)
