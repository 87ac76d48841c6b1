"""The memory that an instance has by its type, and what its processes use of it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection

import psutil

from .quota import cores

GIB = 1024**3
WHOLE = {
    "standard_b1ls": 0.5,
    "standard_b1s": 1.0,
    "standard_b1ms": 2.0,
    "standard_b2s": 4.0,
    "standard_nd40rs_v2": 672.0,
}
"""GiB of sizes that follow no rule. learn.microsoft.com, sizes of virtual machines, 2026-01."""
PER_CORE = (
    (r"standard_ds?1[1-5]_v2", 7.0),
    (r"standard_ds?[1-5]_v2", 3.5),
    (r"standard_fx\d", 21.0),
    (r"standard_f\d", 2.0),
    (r"standard_[el]\d", 8.0),
    (r"standard_nc\d+ads_a100", 9.1667),
    (r"standard_nc\d+ads_h100", 8.0),
    (r"standard_nc\d+as_t4", 7.0),
    (r"standard_nc\d+s_v3", 18.6667),
    (r"standard_nd\d+amsr", 19.7917),
    (r"standard_nd\d+", 9.375),
    (r"standard_nv\d+ads_a10", 12.2222),
)
"""GiB for each core, by the beginning of a size's name; the first that fits counts."""
OTHERWISE = 4.0


def limit(size: str) -> int:
    """The bytes that an instance of this type has; what the service keeps for itself is not taken off."""
    name = size.lower()
    if name in WHOLE:
        return int(WHOLE[name] * GIB)
    each = next((gib for pattern, gib in PER_CORE if re.match(pattern, name)), OTHERWISE)
    return int(each * cores(size) * GIB)


def used(leaders: Collection[int]) -> dict[int, int]:
    """The bytes that the processes of each of these groups hold, without those of files that they map.

    A group is named by its first process. Of one that has ended nothing is said.
    """
    wanted, sums = set(leaders), dict[int, int]()
    for pid in psutil.pids() if wanted else ():
        try:
            leader = os.getpgid(pid)
            if leader in wanted:
                held = psutil.Process(pid).memory_info()
                sums[leader] = sums.get(leader, 0) + held.rss - getattr(held, "shared", 0)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return sums
