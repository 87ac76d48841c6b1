"""Stopped after any of its writes and run again, it ends where an undisturbed run ends."""

from __future__ import annotations

from typing import Any

import pytest

from .world import World

SHARES = 5
"""The stops are dealt out to so many tests, which run beside each other."""


def _needs_everything(world: World) -> None:
    """Two providers to register, so that this is stopped, too."""
    state = world.state
    state["az"]["providers"] |= {"Microsoft.Cdn": "NotRegistered", "Microsoft.Storage": "NotRegistered"}
    world.state = state


UNDISTURBED: list[tuple[int, Any]] = []
"""How many writes a run makes, and what it leaves behind. Found out once by each worker."""


def _undisturbed(world: World) -> tuple[int, Any]:
    if not UNDISTURBED:
        _needs_everything(world)
        assert world.run().code == 0
        UNDISTURBED.append((world.state["writes"], world.end_state()))
    return UNDISTURBED[0]


@pytest.mark.parametrize("share", range(SHARES))
def test_stopped_after_each_write_and_run_again(world: World, share: int) -> None:
    writes, wanted = _undisturbed(world)
    assert writes >= 20
    for stop in range(1 + share, writes + 1, SHARES):
        world.reset()
        _needs_everything(world)
        world.change(stop_after=stop)
        stopped = world.run()
        assert stopped.code != 0, stop
        assert world.state["writes"] == stop
        again = world.run()
        assert again.code == 0, (stop, again.said)
        assert world.end_state() == wanted, stop


def test_stopped_by_a_refusal_it_says_whose_and_goes_on_from_there(world: World) -> None:
    world.change(stop_after=8)
    stopped = world.run()
    assert stopped.code == 4
    assert stopped.error == "gh variable set: the lights went out"
    assert world.run().code == 0
