"""What the scoring addresses answered: one record for each request, the newest ones only."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ..arm.context import Context, Part
from ..arm.ids import ResourceId

KEPT = 100_000
"""Records that are held; older ones go."""


@dataclass(frozen=True, slots=True)
class Record:
    """One answered request to one deployment."""

    moment: float
    """When it was answered, in Unix seconds of the service's clock."""
    endpoint: ResourceId
    deployment: str
    status: int
    """What the caller got."""
    model_status: int
    """What the container answered, or what stands for it where it answered nothing."""
    ms: float
    mirrored: bool
    request_id: str
    bytes_in: int
    bytes_out: int


class Traffic(Part):
    """The requests that were answered."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.records: deque[Record] = deque(maxlen=KEPT)

    def record(
        self,
        endpoint_id: ResourceId,
        deployment: str,
        *,
        status: int,
        model_status: int,
        ms: float,
        mirrored: bool,
        request_id: str,
        bytes_in: int,
        bytes_out: int,
    ) -> None:
        """Take note of one request, live or mirrored. Called in the server's loop, so that it must be quick."""
        moment = self.context.clock.time()
        self.records.append(
            Record(
                moment,
                endpoint_id,
                deployment,
                status,
                model_status,
                ms,
                mirrored,
                request_id,
                bytes_in,
                bytes_out,
            )
        )
