"""What every worker needs and one of them makes."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


def once(shared: Path, name: str, make: Callable[[], Made]) -> Made:
    """What `make` gives: called in the first worker that asks, read by the others."""
    file = shared / name
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_bytes(pickle.dumps(make()))
    made: Made = pickle.loads(file.read_bytes())  # noqa: S301 - of this very run
    return made
