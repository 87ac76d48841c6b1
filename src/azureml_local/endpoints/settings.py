"""What a deployment says of its requests."""

from __future__ import annotations

import math

from ..arm.behaviour import properties
from ..arm.store import Resource
from ..steps.durations import seconds

REQUEST_SETTINGS = {"maxQueueWait": "PT0S", "requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1}
"""What holds where a deployment says nothing."""


def settings_of(resource: Resource) -> tuple[float, int]:
    """(seconds that a request may take, requests at once in an instance) of a deployment."""
    values = {**REQUEST_SETTINGS, **(properties(resource).get("requestSettings") or {})}
    limit = seconds(values["requestTimeout"])
    return (limit if limit else math.inf), int(values["maxConcurrentRequestsPerInstance"] or 1)
