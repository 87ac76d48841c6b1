"""The clock: what time it is for everything that is remembered, expires or matures. A test moves it.

Only the calendar: what waits for a process of this machine counts real seconds.
"""

from __future__ import annotations

import datetime
import threading
import time


class Clock:
    """The time of this machine, and `ahead` seconds. Only forwards: what happened stays in the past."""

    def __init__(self, ahead: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._ahead = ahead

    @property
    def ahead(self) -> float:
        """How far it was moved, in seconds."""
        return self._ahead

    def move(self, seconds: float) -> None:
        """Let so many seconds pass at once. Raises ValueError for a time that is past."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"a clock moves forwards: {seconds:g} s")
        with self._lock:
            self._ahead += seconds

    def time(self) -> float:
        """Unix seconds."""
        return time.time() + self._ahead

    def now(self) -> str:
        """The time as the service writes it: ISO 8601, UTC, offset +00:00."""
        return datetime.datetime.fromtimestamp(self.time(), datetime.UTC).isoformat()
