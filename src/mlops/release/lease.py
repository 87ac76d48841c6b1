"""One release an endpoint at a time: a lease in storage, which ends by itself.

It is a document `lease.json` that says who holds it and until when. It is taken and renewed on the condition that
nobody has written it since it was read, so of two at once one gets it. Whoever has crashed holds it until its time
has passed; the same run of a workflow, begun again, and a process of this machine that is dead, not even so long.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..errors import Busy, MlopsError
from .clock import Clock
from .store import NEW, Store, Stored

NAME = "lease.json"
SCHEMA = "release-lease/1"
LOOK_SECONDS = 5.0
"""Between two looks at a lease that somebody else holds."""
RENEWED = 1 / 3
"""The part of its time after which it is renewed."""


def _run() -> str:
    """The run of a workflow that this process is part of: the same for each attempt and for the jobs after it."""
    said = (os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return "/".join(said) if os.environ.get("GITHUB_ACTIONS") == "true" else ""


@dataclass(frozen=True)
class Holder:
    """Who holds a lease."""

    name: str = field(default_factory=getpass.getuser)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    run: str = field(default_factory=_run)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def follows(self, other: dict[str, Any]) -> bool:
        """Whether that one cannot be at work any more: an attempt before this one, or a process that is gone."""
        if self.run:
            return bool(other["run"] == self.run)
        return not other["run"] and other["host"] == self.host and not _alive(int(other["pid"]))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass
class Lease:
    """A lease that is held. `version` is that of its document."""

    store: Store
    holder: Holder
    clock: Clock
    length: timedelta
    version: str
    until: datetime

    def renew(self) -> None:
        """See that it is still held, and once a part of its time has passed hold it for the whole of it from now.

        Raises Busy where somebody has taken it: this release must not touch anything any more.
        """
        now = self.clock.now()
        if self.until - now > self.length * (1 - RENEWED):
            found = self.store.read(NAME)
            if found is None or found.version != self.version:
                raise self._taken(found)
            return
        until = now + self.length
        version = self.store.write(NAME, _document(self.holder, until), over=self.version)
        if version is None:
            raise self._taken(self.store.read(NAME))
        self.version, self.until = version, until

    def release(self) -> None:
        """Hold it no longer."""
        self.store.forget(NAME, self.version)

    @staticmethod
    def _taken(found: Stored | None) -> Busy:
        who = described(found.document) if found else "somebody who has ended since"
        return Busy(f"the lease of this release was taken by {who}", "what it began stands: mlops status")


def described(document: dict[str, Any]) -> str:
    """Who holds it and until when, for a person."""
    who = document["holder"]
    where = who["run"] or f"process {who['pid']} on {who['host']}"
    return f"{who['name']} ({where}) until {document['until'][:16].replace('T', ' ')} UTC"


def current(store: Store, clock: Clock) -> dict[str, Any] | None:
    """The lease that somebody holds now; None where nobody does."""
    found = store.read(NAME)
    return found.document if found and datetime.fromisoformat(found.document["until"]) > clock.now() else None


@contextlib.contextmanager
def held(
    store: Store, clock: Clock, holder: Holder, minutes: float, wait_seconds: float, *, force: bool = False
) -> Iterator[Lease]:
    """Hold the lease. Raises Busy, naming its holder, where it does not become free in time.

    With `force` it is taken from whoever has it: a rollback waits for nobody.
    """
    wait = timedelta(seconds=wait_seconds)
    lease = _take(store, clock, holder, timedelta(minutes=minutes), wait, force=force)
    try:
        yield lease
    except BaseException:
        with contextlib.suppress(MlopsError):  # what has failed may be storage: then it ends by itself
            lease.release()
        raise
    lease.release()


def _take(store: Store, clock: Clock, holder: Holder, length: timedelta, wait: timedelta, *, force: bool) -> Lease:
    began = clock.now()
    while True:
        found = store.read(NAME)
        if force or _free(found, holder, clock):
            until = clock.now() + length
            over = found.version if found else NEW
            version = store.write(NAME, _document(holder, until), over=over)
            if version is not None:
                return Lease(store, holder, clock, length, version, until)
            continue  # somebody was quicker; now it has a holder
        if clock.now() - began >= wait:
            who = described(found.document) if found else "somebody"
            raise Busy(f"another release of this endpoint is at work: {who}", "run it again when that has ended")
        clock.sleep(LOOK_SECONDS)


def _free(found: Stored | None, holder: Holder, clock: Clock) -> bool:
    if found is None or datetime.fromisoformat(found.document["until"]) <= clock.now():
        return True
    return holder.follows(found.document["holder"])


def _document(holder: Holder, until: datetime) -> dict[str, Any]:
    return {"schema": SCHEMA, "holder": asdict(holder), "until": until.isoformat()}
