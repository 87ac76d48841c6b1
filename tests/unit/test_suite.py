"""The suite itself: what its speed rests on."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("together")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there are no workers")
def test_groups_reach_the_scheduler(request: pytest.FixtureRequest) -> None:
    """pytest-xdist knows a group by the end of a test's name; without it each worker builds every world."""
    assert request.node.nodeid.endswith("@together")
