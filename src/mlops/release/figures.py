"""What is known of a deployment at work: what it answered since a moment, and how its instances are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Counts:
    """Requests that one deployment answered since a moment: live ones, or mirrored ones while it is mirrored to.

    `errors` are 408, 424 (but for a caller's own mistake: the model's status 400 or 405), 429 and 5xx. `slow` are
    those that were answered well, but later than the objective: an error is not counted twice. The percentiles are
    milliseconds, None where nothing is known.
    """

    requests: int
    errors: int = 0
    slow: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None

    @property
    def error_rate(self) -> float:
        """The share of requests that failed; 0 without any."""
        return self.errors / self.requests if self.requests else 0.0

    def document(self) -> dict[str, Any]:
        """The counts for a program."""
        return {**asdict(self), "error_rate": self.error_rate}


@dataclass(frozen=True)
class Health:
    """A deployment's instances: how many there are to be and are ready, how often one was started again.

    `memory` is the largest share of its limit that an instance uses, 0 to 1; None where nothing says so.
    """

    instances: int
    ready: int
    restarts: int = 0
    memory: float | None = None

    def document(self) -> dict[str, Any]:
        """The health for a program."""
        return asdict(self)
