"""What instances of deployments use and how many there are: looked at each minute, and when somebody asks."""

from __future__ import annotations

import re
import threading

from ..arm.behaviour import properties
from ..arm.context import Context, Part
from ..arm.ids import ResourceId
from ..machine import processes
from .instances import Instances
from .quota import cores
from .traffic import Traffic

EVERY = 60.0
"""Seconds between two looks."""
MEMORY = {"a": 2, "e": 8, "f": 2, "fx": 21, "l": 8, "m": 28, "n": 7}
"""GiB for each core, by the letters that a size's family begins with. Source: learn.microsoft.com, VM sizes."""
USUAL = 4
GIB = 2**30


def memory(size: str) -> float:
    """The bytes of memory of a VM size."""
    found = re.match(r"standard_([a-z]+)\d", size, re.IGNORECASE)
    letters = found[1].lower() if found else ""
    family = max((each for each in MEMORY if letters.startswith(each)), key=len, default="")
    return MEMORY.get(family, USUAL) * cores(size) * GIB


class Gauges(Part):
    """Looks at the instances of deployments."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="gauges", daemon=True)

    def resume(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _go_on(self) -> None:
        while not self._ended.wait(EVERY):
            for deployment in self.context.store.of_type("workspaces/onlineEndpoints/deployments"):
                self.look(deployment.id)

    def look(self, deployment: ResourceId) -> None:
        """Keep what each instance of a deployment is and uses now."""
        group, resource = self.context.part(Instances).group(deployment), self.context.store.get(deployment)
        if group is None or resource is None:
            return
        limit = memory(str(properties(resource).get("instanceType") or ""))
        traffic = self.context.part(Traffic)
        for instance in list(group.instances):
            alive = instance.process.poll() is None
            state = "Ready" if alive else "NotReady"
            traffic.sample(deployment, instance.name, state, "DeploymentCapacity", 1)
            used = processes.resident(instance.process.pid) if alive else None
            if used is not None:
                share = 100 * used / limit
                traffic.sample(deployment, instance.name, state, "CpuMemoryUtilizationPercentage", share)
