"""An endpoint's traffic, which is written whole and read back.

A freshly built endpoint that is put over one that exists takes its traffic away, and a part of it cannot be
changed: so it is read, changed and written, and of two writers the last one wins (rules
endpoint-put-replaces-traffic and endpoint-patch). What was accepted may be seen later: it is read a few times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ServiceFailed
from ..workspace.connect import sdk
from .clock import Clock
from .state import weights

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

READS = 4
"""How often what was written is read before it is taken to be not there."""
BETWEEN_SECONDS = 10.0
LOOK_SECONDS = 20.0
"""How long the end of something is waited for before the lease is renewed."""


def write(
    client: MLClient,
    endpoint: str,
    traffic: Mapping[str, int],
    mirror: Mapping[str, int],
    clock: Clock,
    tick: Callable[[], None],
) -> None:
    """Set both maps in one write. Raises ServiceFailed where they are not seen afterwards."""
    with sdk():
        found = client.online_endpoints.get(endpoint)
        found.traffic, found.mirror_traffic = dict(traffic), dict(mirror)
        finish(client.online_endpoints.begin_create_or_update(found), tick)
    for attempt in range(READS):
        with sdk():
            now = client.online_endpoints.get(endpoint)
        if (weights(now.traffic), weights(now.mirror_traffic)) == (dict(traffic), dict(mirror)):
            return
        if attempt + 1 < READS:
            clock.sleep(BETWEEN_SECONDS)
    raise ServiceFailed(f"the endpoint {endpoint} still has the traffic {weights(now.traffic)}", "run it again")


def finish(poller: Any, tick: Callable[[], None]) -> None:
    """Wait for the end of what the service does, and do something meanwhile: a lease wants to be renewed."""
    while not poller.done():
        poller.wait(LOOK_SECONDS)
        if not poller.done():
            tick()
    poller.result()
