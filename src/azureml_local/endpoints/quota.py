"""Quota of online deployments: ceil(1.2 × instances) × cores, from Azure ML's own pool (rule deployment-quota)."""

from __future__ import annotations

import math
import re

from ..arm.behaviour import Behaviour
from ..arm.context import Context, Part
from ..arm.errors import serving_refusal
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body, Resource

DSV2 = {"1": 1, "2": 2, "3": 4, "4": 8, "5": 16, "11": 2, "12": 4, "13": 8, "14": 16, "15": 20}
"""Sizes of the Dv2 family are numbered; in the other families the number is that of the cores."""
NO_RESERVE = re.compile(r"NC\d+ads_A100_v4|NC\d+ads_H100_v5|ND\d+a?m?sr_A100_v4|ND40rs_v2|ND\d+isr_H100_v5", re.I)


def cores(size: str) -> int:
    """The cores of a VM size; 1 for a name that has no number."""
    if found := re.match(r"standard_ds?(\d+)_v2$", size, re.IGNORECASE):
        return DSV2.get(found[1], int(found[1]))
    found = re.match(r"standard_[a-z]+(\d+)", size, re.IGNORECASE)
    return int(found[1]) if found else 1


def needed(body: Body) -> int:
    """The cores that a deployment asks for, with the reserve for its upgrades."""
    size = str((body.get("properties") or {}).get("instanceType") or "")
    instances = int((body.get("sku") or {}).get("capacity") or 1)
    factor = 1.0 if NO_RESERVE.search(size) else 1.2
    return math.ceil(round(factor * instances, 6)) * cores(size)


class Quota(Part):
    """The cores of Azure ML's own pool that online deployments of a subscription share."""

    def __init__(self, cores: int = 100) -> None:
        self.cores = cores


def check(context: Context, id: ResourceId, body: Body, existing: Resource | None) -> None:
    """Refuse a deployment that the pool of the subscription has no room for."""
    if not context.parity.holds("deployment-quota"):
        return
    used = _used(context, id)
    held = needed(existing.body) if existing else 0
    wanted, limit = needed(body), context.part(Quota).cores
    if used + max(wanted, held) > limit:
        size = (body.get("properties") or {}).get("instanceType")
        raise serving_refusal(
            f"Not enough quota available for {size} in SubscriptionId {id.subscription}. "
            f"Current usage/limit: {used + held}/{limit}. Additional needed: {wanted} Please see "
            "troubleshooting guide, available here: https://aka.ms/oe-tsg#error-outofquota",
            field="VmSize",
        )


def _used(context: Context, id: ResourceId) -> int:
    """The cores of all deployments of the subscription but this one."""
    return sum(
        needed(other.body)
        for other in context.store.of_type("workspaces/onlineEndpoints/deployments")
        if other.id.key != id.key and other.id.subscription.lower() == id.subscription.lower()
    )


FAMILIES = {
    "standardDSv2Family": "DS{}_v2: 1 2 3 4 5 11 12 13 14 15",
    "standardDv2Family": "D{}_v2: 1 2 3 4 5 11 12 13 14 15",
    "standardDASv4Family": "D{}as_v4: 2 4 8 16 32 48 64 96",
    "standardESv3Family": "E{}s_v3: 2 4 8 16 32 48 64",
    "standardFSFamily": "F{}s: 1 2 4 8 16",
    "standardFSv2Family": "F{}s_v2: 2 4 8 16 32 48 64 72",
}
"""Sizes on which online deployments run, by their families."""


class Sizes(Behaviour):
    """What `compute.list_sizes` answers. No resources: they are computed on read."""

    noun = "VM size"
    verbs = ("LIST",)

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        rows = []
        for family, text in FAMILIES.items():
            pattern, _, numbers = text.partition(": ")
            for number in numbers.split():
                name = f"Standard_{pattern.format(number)}"
                body = {
                    "name": name,
                    "family": family,
                    "vCPUs": cores(name),
                    "gpus": 0,
                    "lowPriorityCapable": True,
                }
                rows.append(Resource(parent, {**body, "supportedComputeTypes": ["AmlCompute", "MIR"]}, 0))
        return rows


class Usages(Behaviour):
    """What `compute.list_usage` answers: one pool, which every family shares."""

    noun = "usage"
    verbs = ("LIST",)

    def listed(self, call: Call, parent: ResourceId, resources: list[Resource]) -> list[Resource]:
        used, limit = _used(call.context, parent), call.context.part(Quota).cores
        names = [*FAMILIES, "TotalDedicatedCores"]
        values = {"currentValue": used, "limit": limit, "unit": "Count"}
        return [Resource(parent, {"name": {"value": name, "localizedValue": name}, **values}, 0) for name in names]
