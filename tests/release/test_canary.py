"""A canary for real: requests of the release's own, and the figures that the endpoint's metrics give of them."""

from __future__ import annotations

from mlops.config import load
from mlops.release.clock import Clock
from mlops.release.metrics import azure_monitor
from tests.emulator import REPOSITORY

from .world import TARGET, World


def test_a_version_is_promoted_by_what_the_metrics_say_of_it(world_of) -> None:
    # wide, and in no hurry: how quick this machine is just now decides nothing here
    wide = {"probes_per_second": 30.0, "minimum_requests": 20, "error_margin": 0.5, "slow_margin": 0.5}
    local = load(REPOSITORY / "mlops.toml").release.canary_of("local")
    policy = local.model_copy(update={**wide, "objective_ms": 60_000.0, "max_minutes": 30.0})
    world: World = world_of(canary=policy)
    world.release(1)
    target = world.config.target(TARGET)
    record = world.release(2, source=lambda: azure_monitor(world.client, world.config, target), clock=Clock())
    assert record
    world.alone(2)
    for phase in record.document["phases"]:
        assert phase["decision"] == "go"
        assert phase["figures"]["candidate"]["requests"] >= policy.minimum_requests
