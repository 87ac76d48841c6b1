"""Quota of Azure ML's own pool, which is not that of virtual machines, and what a deployment asks of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

RESERVE = 1.2
"""What an online deployment reserves beyond its instances, for its upgrades."""
NO_RESERVE = re.compile(r"NC\d+ads_A100_v4|NC\d+ads_H100_v5|ND\d+a?m?sr_A100_v4|ND40rs_v2|ND\d+isr_H100_v5", re.I)
DEDICATED, LOW = "dedicated", "low-priority"
REGION = "region"
UNLIMITED = -1


@dataclass(frozen=True)
class Quota:
    """The cores that a deployment needs, and those of a limit that are left (UNLIMITED: there is none)."""

    name: str
    limit: int
    used: int
    needed: int

    @property
    def free(self) -> int:
        return self.limit - self.used

    @property
    def lacks(self) -> bool:
        return self.limit != UNLIMITED and self.needed > self.free


def machines(size: str, instances: int) -> int:
    """The instances that are asked for, with the reserve: one becomes two, ten become twelve."""
    return instances if NO_RESERVE.search(size) else math.ceil(round(RESERVE * instances, 6))


def of(client: MLClient, size: str, instances: int) -> Quota | None:
    """The tightest quota for a deployment; None where this identity may not see it, or the size is not known."""
    from azure.core.exceptions import HttpResponseError

    with sdk():
        try:
            sizes = {str(each.name).lower(): each for each in client.compute.list_sizes()}
            rows = [_row(each) for each in client.compute.list_usage()]
        except HttpResponseError as error:
            if error.status_code in (401, 403, 501):
                return None
            raise
    found = sizes.get(size.lower())
    if found is None:
        return None
    needed = machines(size, instances) * int(_said(found, "vCPUs", "v_cp_us"))
    limits = [Quota(*limit(rows, quota, DEDICATED), needed) for quota in (str(found.family), REGION)]
    return min(limits, key=lambda each: math.inf if each.limit == UNLIMITED else each.free - each.needed)


def _said(row: Any, wire: str, field: str) -> Any:
    """A value of a row: azure-ai-ml 1.35 sets some under the names that they have on the wire, not its own."""
    return vars(row).get(wire, vars(row).get(field))


def _row(usage: Any) -> dict[str, Any]:
    """A row of the SDK as the service has it."""
    name = usage.name if isinstance(usage.name, dict) else {"value": usage.name.value}
    values = {"type": usage.type or "", "id": usage.id or "", "limit": int(usage.limit)}
    return {"name": name, **values, "currentValue": int(_said(usage, "currentValue", "current_value"))}


def limit(rows: Sequence[dict[str, Any]], quota: str, pool: str) -> tuple[str, int, int]:
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
