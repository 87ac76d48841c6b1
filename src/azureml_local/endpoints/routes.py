"""Where requests may go: the endpoints, keys, shares and deployments of the store, read once for each change.

A snapshot carries the version of the store that it was made of, and is made anew by the first request after a
change: what was answered to whoever changed something holds for the next request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..arm.behaviour import properties
from ..arm.ids import ResourceId
from ..arm.store import Resource, Store
from .settings import settings_of

KEYS = "endpoint-keys"
"""The kind of document that holds an endpoint's keys."""
ENDPOINTS = "workspaces/onlineEndpoints"
DEPLOYMENTS = "workspaces/onlineEndpoints/deployments"


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment: the seconds that a request may take, and how many an instance takes at once."""

    id: ResourceId
    limit: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint; `targets` are its deployments by their names in lower case, shares are in percent."""

    id: ResourceId
    mode: str
    keys: tuple[bytes, ...]
    targets: Mapping[str, Target]
    traffic: Mapping[str, int]
    mirror: Mapping[str, int]


class Routes:
    """The endpoints by their names, whatever the case. To be asked by one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version: object = None
        self._known: Mapping[str, Route] = {}

    def of(self, name: str) -> Route | None:
        """The endpoint of this name, as the store has it now; of two (without the rule) the older one."""
        if self._store.version(ENDPOINTS, DEPLOYMENTS, KEYS) != self._version:
            with self._store.transaction():
                self._version = self._store.version(ENDPOINTS, DEPLOYMENTS, KEYS)
                self._known = _read(self._store)
        return self._known.get(name.lower())


def _read(store: Store) -> Mapping[str, Route]:
    targets: dict[str, dict[str, Target]] = {}
    for deployment in store.of_type(DEPLOYMENTS):
        limit, at_once = settings_of(deployment)
        beside = targets.setdefault(deployment.id.parent.key, {})
        beside[deployment.id.name.lower()] = Target(deployment.id, limit, at_once)
    keys = dict(store.documents(KEYS))
    known: dict[str, Route] = {}
    for endpoint in store.of_type(ENDPOINTS):
        key = endpoint.id.key
        shown = tuple(str(value).encode() for value in keys.get(key, {}).values())
        known.setdefault(endpoint.id.name.lower(), _route(endpoint, shown, targets.get(key, {})))
    return known


def _route(endpoint: Resource, keys: tuple[bytes, ...], targets: Mapping[str, Target]) -> Route:
    values = properties(endpoint)
    traffic, mirror = ({n: s for n, s in (values.get(f) or {}).items() if s} for f in ("traffic", "mirrorTraffic"))
    return Route(endpoint.id, values["authMode"], keys, targets, traffic, mirror)
