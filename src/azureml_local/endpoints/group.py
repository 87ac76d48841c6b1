"""The instances of a deployment as requests meet them: who is chosen, how many are under way, when it is quiet."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..arm.ids import ResourceId
from .exchange import Connection


@dataclass(eq=False)
class Instance:
    """One process and the port it listens on; `idle` are connections to it that may be used again.

    The one that takes its place once it has ended has its name.
    """

    process: subprocess.Popen[bytes]
    port: int
    name: str
    busy: int = 0
    idle: list[Connection] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass(eq=False)
class Group:
    """The instances of one deployment. `limit` is how long a request may take, `memory` what an instance has.

    Requests enter and leave in the server's loop; a thread that ends the group closes it first.
    """

    deployment: ResourceId
    folder: Path
    limit: float
    memory: int
    """Bytes."""
    instances: list[Instance] = field(default_factory=list)
    pending: int = 0
    restarts: int = 0
    stopping: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _quiet: threading.Event = field(default_factory=threading.Event)
    _turn: Iterator[int] = field(default_factory=itertools.count)

    def enter(self) -> bool:
        """Count a request in; False if the group is about to end and takes none any more."""
        with self._lock:
            if self.stopping:
                return False
            self.pending += 1
            return True

    def leave(self) -> None:
        """Count a request out."""
        with self._lock:
            self.pending -= 1
            if self.stopping and not self.pending:
                self._quiet.set()

    def close(self) -> None:
        """Let no request in any more."""
        with self._lock:
            self.stopping = True
            if not self.pending:
                self._quiet.set()

    def drain(self, longest: float) -> None:
        """Let no request in, and wait until those under way have ended: as long as one may take, or `longest`."""
        self.close()
        self._quiet.wait(min(self.limit, longest))

    def abandon(self) -> None:
        """Wait for no request any more."""
        self.close()
        self._quiet.set()

    def choose(self, but: Collection[Instance] = ()) -> Instance | None:
        """The instance that lives and has the least to do, in turn among equals; none of `but`."""
        alive = [instance for instance in self.instances if instance.alive and instance not in but]
        if len(alive) < 2:
            return alive[0] if alive else None
        first = next(self._turn) % len(alive)
        return min(alive[first:] + alive[:first], key=lambda instance: instance.busy)
