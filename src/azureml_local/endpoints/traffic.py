"""What an endpoint's requests were answered, and what happened to its instances: the source of metrics and logs.

Kept in a database of its own beside the state, off the path of requests: `record` only appends to a list, a thread
writes it once a second. So a server that is killed loses what happened in its last second, and nothing else.
"""

from __future__ import annotations

import math
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..arm.context import Context, Part
from ..arm.ids import ResourceId

EVERY = 1.0
"""Seconds between two writes."""
ROWS = 1_000_000
"""Requests that are kept, some 90 MB; the oldest go first."""
UNWRITTEN = 200_000
"""Requests that wait for being written at most: where the disk stands still, memory does not grow."""
DAYS = 30
"""Days for which anything is kept, as Log Analytics keeps it."""
CHECKED = 60
"""Writes between two looks at what is too old."""

TABLES = """
CREATE TABLE IF NOT EXISTS deployments (
    number INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, endpoint_name TEXT NOT NULL, name TEXT NOT NULL,
    UNIQUE (endpoint, name)
);
CREATE TABLE IF NOT EXISTS requests (
    time REAL NOT NULL, deployment INTEGER NOT NULL, status INTEGER NOT NULL, model_status INTEGER NOT NULL,
    ms REAL NOT NULL, mirrored INTEGER NOT NULL, request_id TEXT NOT NULL, bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_by_time ON requests (deployment, time);
CREATE TABLE IF NOT EXISTS events (
    time REAL NOT NULL, deployment INTEGER NOT NULL, instance TEXT NOT NULL, name TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS samples (
    time REAL NOT NULL, deployment INTEGER NOT NULL, instance TEXT NOT NULL, state TEXT NOT NULL,
    metric TEXT NOT NULL, value REAL NOT NULL
);
"""
INSERTS = {
    "requests": "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "events": "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
    "samples": "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)",
}


class Traffic(Part):
    """Keeps what was recorded, and answers questions about it in SQL."""

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._waiting: dict[str, deque[tuple[Any, ...]]] = {table: deque(maxlen=UNWRITTEN) for table in INSERTS}
        self._numbers: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._path = context.home.traffic
        self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(TABLES)
        self._thread = threading.Thread(target=self._write_on, name="traffic", daemon=True)

    def resume(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            self._flush()
            self._connection.close()

    # -- what happens -----------------------------------------------------------------------------------

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
        time: float | None = None,
    ) -> None:
        """One request that was answered, now unless a time is given. Takes a microsecond; from any thread.

        `status` is what the caller saw, `model_status` what the container said (0 where it was not asked), `ms`
        the milliseconds from the request's arrival to the answer.
        """
        number = self._numbers.get((endpoint_id.key, deployment))
        if number is None:
            number = self._number(endpoint_id, deployment)
        moment = self._clock.time() if time is None else time
        row = (moment, number, status, model_status, ms, mirrored, request_id, bytes_in, bytes_out)
        self._waiting["requests"].append(row)

    def event(self, deployment: ResourceId, instance: str, name: str, message: str) -> None:
        """Something happened to an instance of a deployment: it was started, killed, or is to be started again."""
        number = self._number(deployment.parent, deployment.name)
        self._waiting["events"].append((self._clock.time(), number, instance, name, message))

    def sample(self, deployment: ResourceId, instance: str, state: str, metric: str, value: float) -> None:
        """What a metric of an instance, which is in a state, is now."""
        number = self._number(deployment.parent, deployment.name)
        self._waiting["samples"].append((self._clock.time(), number, instance, state, metric, value))

    def _number(self, endpoint: ResourceId, deployment: str) -> int:
        """The number that stands for a deployment in the rows."""
        key = (endpoint.key, deployment)
        known = self._numbers.get(key)
        if known is None:
            with self._lock:
                self._connection.execute(
                    "INSERT OR IGNORE INTO deployments (endpoint, endpoint_name, name) VALUES (?, ?, ?)",
                    (endpoint.key, endpoint.name, deployment),
                )
                found = self._connection.execute(
                    "SELECT number FROM deployments WHERE endpoint = ? AND name = ?", key
                )
                known = self._numbers[key] = int(found.fetchone()[0])
        return known

    # -- what is asked ----------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database to be read, with everything in it that happened until now, and SQL's `percentile`.

        A connection of its own: whoever reads a million rows keeps nobody from writing.
        """
        with self._lock:
            self._flush()
        connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            connection.create_aggregate("percentile", 2, Percentile)  # type: ignore[arg-type]
            yield connection
        finally:
            connection.close()

    # -- the thread -------------------------------------------------------------------------------------

    def _write_on(self) -> None:
        writes = 0
        while not self._ended.wait(EVERY):
            with self._lock:
                self._flush()
            writes += 1
            if writes % CHECKED == 0:
                self.forget()

    def _flush(self) -> None:
        """Write what waits, in one transaction. Only with the lock."""
        ready = {table: list(_taken(waiting)) for table, waiting in self._waiting.items() if waiting}
        if not ready:
            return
        self._connection.execute("BEGIN")
        for table, rows in ready.items():
            self._connection.executemany(INSERTS[table], rows)
        self._connection.execute("COMMIT")

    def forget(self) -> None:
        """Remove what is too old, or too much."""
        with self._lock:
            self._flush()
            before = self._clock.time() - DAYS * 86_400
            for table in INSERTS:
                self._connection.execute(f"DELETE FROM {table} WHERE time < ?", (before,))  # noqa: S608
            last = self._connection.execute("SELECT max(rowid) FROM requests").fetchone()[0] or 0
            self._connection.execute("DELETE FROM requests WHERE rowid <= ?", (last - ROWS,))


class Percentile:
    """An aggregate of SQL: the value of a group at a percentage, the nearest that there is (numpy's "nearest")."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._percentage = 50.0

    def step(self, value: float | None, percentage: float) -> None:
        """One more value; what is missing counts for nothing."""
        if value is not None:
            self._values.append(value)
        self._percentage = percentage

    def finalize(self) -> float | None:
        """The value; None of none."""
        return nearest(sorted(self._values), self._percentage)


def nearest(ordered: Sequence[float], percentage: float) -> float | None:
    """The value at a percentage of ordered ones. Half-way between two it is the one with the even place."""
    if not ordered:
        return None
    place = (len(ordered) - 1) * percentage / 100
    below = math.floor(place)
    rest = place - below
    return ordered[below + (rest > 0.5 or (rest == 0.5 and below % 2 == 1))]


def _taken(waiting: deque[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    """What is in a queue now, taken out one by one: others go on appending."""
    for _ in range(len(waiting)):
        yield waiting.popleft()
