"""The resource store: every resource is a JSON body under its id, in SQLite, whatever its type."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .ids import ResourceId

Body = dict[str, Any]

MIGRATIONS = (
    """
    CREATE TABLE resources (
        key TEXT PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, parent TEXT NOT NULL,
        body TEXT NOT NULL, sequence INTEGER NOT NULL
    );
    CREATE INDEX resources_by_parent ON resources (parent, type, sequence);
    CREATE TABLE documents (
        kind TEXT NOT NULL, key TEXT NOT NULL, parent TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
    );
    CREATE INDEX documents_by_parent ON documents (kind, parent);
    CREATE TABLE sequence (last INTEGER NOT NULL);
    INSERT INTO sequence VALUES (0);
    """,
)
"""Each one is applied once, in this order; `PRAGMA user_version` counts the ones applied."""


@dataclass(frozen=True)
class Resource:
    """A stored resource; `body` holds what was received and what the service added."""

    id: ResourceId
    body: Body
    sequence: int


class Store:
    """Resources and documents. Safe for threads; every method is one transaction unless inside `transaction`."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._depth = 0
        self._versions: dict[str, int] = {}
        self._deletions = 0
        self.generation = 0
        """Grows with every change of what is not of Azure ML: roles, assignments, identities."""
        applied = self._connection.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(MIGRATIONS[applied:], start=applied + 1):
            self._connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody in between."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._connection.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def version(self, *names: str) -> tuple[int, ...]:
        """Another one after every change of resources of these types, or of documents of these kinds.

        To be asked before what is read is read: what is read later is never older. It needs no lock.
        """
        return (self._deletions, *(self._versions.get(name.lower(), 0) for name in names))

    def _changed(self, name: str) -> None:
        """After the change, and before whoever asked for it hears that it was done."""
        with self._lock:
            self._versions[name.lower()] = self._versions.get(name.lower(), 0) + 1

    def _all(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def _change(self, statement: str, *values: object) -> int:
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def _next(self) -> int:
        self._change("UPDATE sequence SET last = last + 1")
        return int(self._all("SELECT last FROM sequence")[0][0])

    # -- resources ------------------------------------------------------------------------------------

    @staticmethod
    def _resource(row: tuple[Any, ...]) -> Resource:
        parsed = ResourceId.parse(row[0])
        if parsed is None:
            raise ValueError(f"the store holds an id that is none: {row[0]}")
        return Resource(parsed, json.loads(row[1]), row[2])

    def get(self, id: ResourceId) -> Resource | None:
        rows = self._all("SELECT id, body, sequence FROM resources WHERE key = ?", id.key)
        return self._resource(rows[0]) if rows else None

    def put(self, id: ResourceId, body: Body) -> bool:
        """Store `body`; True if the resource is new. An id keeps the spelling it was first written with."""
        with self.transaction():
            self.generation += not id.is_ours
            known = self._change("UPDATE resources SET body = ? WHERE key = ?", json.dumps(body), id.key)
            self._changed(id.type)
            if known:
                return False
            row = (id.key, str(id), id.type.lower(), id.parent.key, json.dumps(body), self._next())
            self._change("INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?)", *row)
            return True

    def delete(self, id: ResourceId) -> bool:
        """Remove a resource and everything below it; False if there was none."""
        with self.transaction():
            self.generation += 1
            self._deletions += 1
            self._change("DELETE FROM resources WHERE key LIKE ? ESCAPE '\\'", _below(id))
            return bool(self._change("DELETE FROM resources WHERE key = ?", id.key))

    def children(self, parent: ResourceId, kind: str) -> list[Resource]:
        """The resources of type `kind` (the last segment) directly below `parent`, oldest first."""
        type_ = f"{parent.type}/{kind}" if parent.type else kind
        rows = self._all(
            "SELECT id, body, sequence FROM resources WHERE parent = ? AND type = ? ORDER BY sequence",
            parent.key,
            type_.lower(),
        )
        return [self._resource(row) for row in rows]

    def below(self, scope: ResourceId) -> list[Resource]:
        """Every resource whose id begins with this one's, oldest first; the resource itself is not among them."""
        rows = self._all(
            "SELECT id, body, sequence FROM resources WHERE key LIKE ? ESCAPE '\\' ORDER BY sequence",
            _below(scope),
        )
        return [self._resource(row) for row in rows]

    def of_type(self, type_: str) -> list[Resource]:
        """Every resource of a full type (`workspaces/onlineEndpoints`), oldest first."""
        rows = self._all(
            "SELECT id, body, sequence FROM resources WHERE type = ? ORDER BY sequence", type_.lower()
        )
        return [self._resource(row) for row in rows]

    # -- documents: what has no place in ARM (runs, operations, keys, metadata of blobs) ---------------

    def read(self, kind: str, key: str) -> Body | None:
        rows = self._all("SELECT body FROM documents WHERE kind = ? AND key = ?", kind, key)
        return json.loads(rows[0][0]) if rows else None

    def write(self, kind: str, key: str, body: Body, parent: str = "") -> None:
        self._change(
            "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            kind,
            key,
            parent,
            json.dumps(body),
        )
        self._changed(kind)

    def update(self, kind: str, key: str, **changes: Any) -> Body:
        """Change fields of a document and return it whole. Raises KeyError where there is none."""
        with self.transaction():
            known = self.read(kind, key)
            if known is None:
                raise KeyError(f"{kind} {key}")
            body = {**known, **changes}
            self.write(kind, key, body)
        return body

    def forget(self, kind: str, key: str) -> None:
        self._change("DELETE FROM documents WHERE kind = ? AND key = ?", kind, key)
        self._changed(kind)

    def documents(self, kind: str, parent: str | None = None) -> list[tuple[str, Body]]:
        """The documents of a kind, or those of them with this parent, oldest first."""
        where, values = ("", ()) if parent is None else (" AND parent = ?", (parent,))
        rows = self._all(f"SELECT key, body FROM documents WHERE kind = ?{where} ORDER BY rowid", kind, *values)  # noqa: S608
        return [(key, json.loads(body)) for key, body in rows]


def _below(id: ResourceId) -> str:
    """The pattern of the keys below an id."""
    return id.key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "/%"
