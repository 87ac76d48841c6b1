"""What every part of the emulator shares, and the parts that work beside it, by their types."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..machine.clock import Clock
from ..machine.home import Home
from ..parity import Parity
from .principals import NOBODY, Principal
from .signer import Signer
from .store import Store

LOCATION = "local"
SUFFIX = "blobhost.invalid"
"""Stands where a cloud's storage suffix stands; the account's name holds the real host (storage/accounts)."""


class Part:
    """Something that works for the whole server: it is resumed after the server's start and stopped at its end."""

    def resume(self) -> None:
        """Go on with what the server before this one left."""

    def stop(self) -> None:
        """End everything that was started."""


P = TypeVar("P", bound=Part)


@dataclass
class Context:
    """One running emulator. `base` is its address without a slash at the end."""

    home: Home
    store: Store
    parity: Parity
    signer: Signer
    clock: Clock
    base: str
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(32, "azureml-local"))
    _parts: dict[type[Part], Part] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Host and port, `localhost:10443`."""
        return self.base.partition("//")[2]

    def add(self, part: P) -> P:
        """Take a part in; others find it by its type."""
        self._parts[type(part)] = part
        return part

    def part(self, kind: type[P]) -> P:
        """The part of this type. Raises KeyError where the server has none."""
        found = self._parts[kind]
        assert isinstance(found, kind)  # noqa: S101 - add() keeps them by their types
        return found

    def resume(self) -> None:
        """Resume every part, in the order in which they came."""
        for part in self._parts.values():
            part.resume()

    def stop(self) -> None:
        """Stop every part, the last one first, then the threads and the store."""
        for part in reversed(self._parts.values()):
            part.stop()
        self.workers.shutdown(wait=True, cancel_futures=True)
        self.store.close()

    def system_data(self, existing: dict[str, Any] | None = None, by: Principal = NOBODY) -> dict[str, str]:
        """systemData of a resource that is created or changed now, by an identity, or else by the person here."""
        moment = self.clock.now()
        who, kind = (by.name, "ManagedIdentity") if by.is_identity else ("local user", "User")
        created = existing or {"createdAt": moment, "createdBy": who, "createdByType": kind}
        return {**created, "lastModifiedAt": moment, "lastModifiedBy": who, "lastModifiedByType": kind}
