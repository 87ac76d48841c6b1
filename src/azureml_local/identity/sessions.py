"""Who looks at the pages: tokens of links, and the sessions that they become. Neither outlives the server."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time

from ..arm.context import Part

LINK_SECONDS = 10 * 60
SESSION_SECONDS = 12 * 60 * 60


class _Given:
    """Secrets that were given out for a while. Only their digests are kept."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def give(self) -> str:
        """A new secret."""
        secret, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._until[_digest(secret)] = now + self.seconds
        return secret

    def holds(self, secret: str) -> bool:
        return self._until.get(_digest(secret), 0) > time.monotonic()

    def take(self, secret: str) -> bool:
        """Whether it was given out and is still good. It is not, from now on."""
        with self._lock:
            return self._until.pop(_digest(secret), 0) > time.monotonic()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


class Sessions(Part):
    """Login links and sessions of one server."""

    def __init__(self) -> None:
        self._links, self._sessions = _Given(LINK_SECONDS), _Given(SESSION_SECONDS)

    def link(self) -> str:
        """The token of a new login link. It works once."""
        return self._links.give()

    def login(self, token: str) -> str | None:
        """A session for the token of a link; None for any other."""
        return self._sessions.give() if self._links.take(token) else None

    def knows(self, session: str) -> bool:
        """Whether this is a session that has not ended."""
        return self._sessions.holds(session)
