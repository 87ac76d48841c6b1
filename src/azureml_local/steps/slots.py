"""How many steps run at once."""

from __future__ import annotations

import os
import threading

from ..arm.context import Part


class Slots(Part):
    """A place for each core of this machine, at least two: `with slots:` waits for one."""

    def __init__(self, count: int | None = None) -> None:
        self._places = threading.Semaphore(count or max(2, os.cpu_count() or 2))

    def __enter__(self) -> None:
        self._places.acquire()

    def __exit__(self, *_: object) -> None:
        self._places.release()
