"""Callers who go on asking, whatever is released meanwhile: none of them may notice.

An open loop: requests are sent when they are due, whether or not those before were answered.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from mlops.release import load
from mlops.release.asking import Asking
from mlops.release.rollback import rollback

from .world import REQUEST, TARGET, Figures, World

SOAK = "RELEASE_SOAK" in os.environ
RATE, ROUNDS = (200, 5) if SOAK else (20, 1)


def test_no_request_is_lost_from_a_deployment_to_its_removal(world_of) -> None:
    world: World = world_of(keep=2)
    world.release(1)
    stop = threading.Event()
    with Asking.of(world.client, world.endpoint) as ask, ThreadPoolExecutor(1) as pool:
        body = [json.dumps(REQUEST).encode()]
        sending = pool.submit(load.run, ask, body, RATE, 3600.0, stop=stop)
        try:
            for _ in range(ROUNDS):
                for version in (2, 3, 1):
                    world.release(version, Figures())  # deploy, mirror, canary, promote, remove the oldest
                rollback(
                    world.client, world.config, TARGET, None, "load", world.said.append, clock=world.time.clock
                )
                world.release(1, Figures())
        finally:
            stop.set()
        result = sending.result()
    world.alone(1)
    said = result.document()
    sys.stdout.write(
        f"{said['requests']} requests at {RATE}/s, {said['failed']} failed, p99 {said['p99_ms']:.0f} ms\n"
    )
    assert result.requests > 0
    assert result.failed == 0
