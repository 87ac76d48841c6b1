"""From nothing to a version that has all the traffic, on to the next one, and back."""

from __future__ import annotations

from .world import Figures, World


def test_a_first_release_needs_no_canary(world: World) -> None:
    record = world.release(1, Figures())
    assert record
    world.alone(1)
    world.answers(1.0)
    assert [step["step"] for step in record.document["steps"]] == [
        "CreateEndpoint",
        "CreateDeployment",
        "Prove",
        "ShiftTraffic",
    ]
    assert world.release(1, Figures()) is None


def test_the_next_one_is_mirrored_to_and_has_its_share_step_by_step(world: World) -> None:
    world.release(1)
    figures = Figures()
    record = world.release(2, figures)
    assert record
    world.alone(2)
    world.answers(2.0)
    names = [step["step"] for step in record.document["steps"]]
    assert names == ["CreateDeployment", "Prove", "Mirror", "Canary", "Canary"]
    assert [phase["decision"] for phase in record.document["phases"]] == ["go"] * 3
    assert sorted(each.version or 0 for each in world.now().deployments) == [1, 2]
