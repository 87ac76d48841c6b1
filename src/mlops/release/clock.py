"""The time that a release has. A test hands in one that passes when it is asked to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """What time it is (UTC, with its zone), and how one waits (seconds)."""

    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep

    def text(self) -> str:
        """The time for a document."""
        return self.now().isoformat(timespec="milliseconds")
