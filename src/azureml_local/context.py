"""What every part of the emulator shares: the home, the store, the rules, the parts that do work."""

from __future__ import annotations

import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .access.decision import Access
from .home import Home
from .identity.sessions import Sessions
from .identity.tokens import Signer
from .ids import ResourceId
from .parity import Parity
from .store import Store

if TYPE_CHECKING:
    from .endpoints.instances import Instances
    from .jobs.runner import Runner
    from .tracking.servers import TrackingServers

LOCATION = "local"
SUFFIX = "blobhost.invalid"
"""Stands where a cloud's storage suffix stands; the account's name holds the real host (storage/accounts)."""


@dataclass
class Context:
    """One running emulator. `base` is its address without a slash at the end."""

    home: Home
    store: Store
    parity: Parity
    signer: Signer
    base: str
    identity_header: str
    endpoint_cores: int = 100
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(32, "azureml-local"))
    sessions: Sessions = field(default_factory=Sessions)
    runner: Runner = field(init=False)
    instances: Instances = field(init=False)
    tracking: TrackingServers = field(init=False)
    _access: Access = field(init=False)

    def __post_init__(self) -> None:
        self._access = Access(self)

    @property
    def host(self) -> str:
        """Host and port, `localhost:10443`."""
        return self.base.partition("//")[2]

    @property
    def access(self) -> Access:
        """Who may do what."""
        return self._access


def now() -> str:
    """The time as the service writes it: UTC, offset +00:00."""
    return datetime.datetime.now(datetime.UTC).isoformat()


def workspace_guid(workspace: ResourceId) -> str:
    """The workspaceId: the same for the same ARM id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, workspace.workspace.key))


def system_data(existing: dict[str, Any] | None = None) -> dict[str, str]:
    """systemData of a resource that is created or changed now."""
    moment, person = now(), "local user"
    created = existing or {"createdAt": moment, "createdBy": person, "createdByType": "User"}
    return {**created, "lastModifiedAt": moment, "lastModifiedBy": person, "lastModifiedByType": "User"}
