"""Parity rules of an endpoint's logs: in force, and switched off."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.local.arm import Arm
from tests.local.monitor.asking import logs
from tests.local.serving import Serving

LINES = "AmlOnlineEndpointTrafficLog | count"


def lines(served: Serving) -> int:
    (table,) = logs(served, LINES).tables
    return int(table.rows[0]["Count"])


@contextlib.contextmanager
def setting(served: Serving) -> Iterator[None]:
    """A diagnostic setting on the endpoint, just made."""
    arm = Arm(served.emulator, group=served.id.partition("/providers/")[0])
    assert arm.put(arm.group, {"location": "westeurope"}).status_code in (200, 201)
    address = f"{served.id}/providers/Microsoft.Insights/diagnosticSettings/to-logs"
    sent = [{"category": "AmlOnlineEndpointTrafficLog", "enabled": True}]
    values = {"workspaceId": arm.id("Microsoft.OperationalInsights/workspaces", "w"), "logs": sent}
    made = arm.put(address, {"properties": values})
    assert made.status_code in (200, 201), made.text
    try:
        yield
    finally:
        assert arm.delete(address).status_code == 200


def test_log_setting(serving: Serving) -> None:
    assert serving.score({"x": 1}).status_code == 200
    assert lines(serving) == 0


def test_log_setting_allowed(lenient_serving: Serving) -> None:
    before = lines(lenient_serving)
    assert lenient_serving.score({"x": 1}).status_code == 200
    assert lines(lenient_serving) == before + 1


def test_log_delay(serving: Serving) -> None:
    """What comes after the hour: tests/unit/local/monitor."""
    with setting(serving):
        assert serving.score({"x": 1}).status_code == 200
        assert lines(serving) == 0


def test_log_delay_allowed(lenient_serving: Serving) -> None:
    with setting(lenient_serving):
        before = lines(lenient_serving)
        assert lenient_serving.score({"x": 1}).status_code == 200
        assert lines(lenient_serving) == before + 1
