"""What instances of deployments use and how many there are: looked at each minute, and when somebody asks."""

from __future__ import annotations

import threading

from ..arm.context import Context, Part
from ..arm.ids import ResourceId
from . import memory
from .instances import Instances
from .traffic import Traffic

EVERY = 60.0
"""Seconds between two looks."""


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
        group = self.context.part(Instances).group(deployment)
        if group is None:
            return
        traffic, instances = self.context.part(Traffic), list(group.instances)
        held = memory.used([each.process.pid for each in instances if each.alive])
        for each in instances:
            state = "Ready" if each.alive else "NotReady"
            traffic.sample(deployment, each.name, state, "DeploymentCapacity", 1)
            if each.process.pid in held:
                share = 100 * held[each.process.pid] / group.memory
                traffic.sample(deployment, each.name, state, "CpuMemoryUtilizationPercentage", share)
