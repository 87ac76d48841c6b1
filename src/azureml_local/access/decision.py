"""May this principal do that there? Assignments at the scope and above it, each with its role and condition."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field

from ..arm.behaviour import properties
from ..arm.context import Part
from ..arm.principals import Principal
from ..arm.store import Body, Store
from . import builtin
from .conditions import Asked, NotUnderstood, holds
from .patterns import granted

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
USED = "permission-used"
"""The kind of document that holds what a principal asked for and got."""


@dataclass(frozen=True)
class Need:
    """One permission that a request asks for: any one of `actions`, over `scope`.

    `attributes` are those of the request that conditions speak of, in lower case; `linked` is a permission on
    another resource that the body names; `of_run` is one that a run's own token has.
    """

    actions: tuple[str, ...]
    scope: str
    data: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    linked: bool = False
    of_run: bool = False

    @property
    def action(self) -> str:
        """The one to name in a refusal."""
        return self.actions[0]


@dataclass(frozen=True)
class Grant:
    """A role that a principal holds on a scope and below it."""

    scope: str
    role: str
    permissions: list[Body]
    condition: str

    def gives(self, action: str, need: Need) -> bool:
        yes, no = ("dataActions", "notDataActions") if need.data else ("actions", "notActions")
        if not any(granted(action, each.get(yes) or [], each.get(no) or []) for each in self.permissions):
            return False
        if not self.condition:
            return True
        try:
            return holds(self.condition, Asked(action, need.attributes, need.attributes))
        except NotUnderstood as error:
            # A condition that cannot be judged lets nothing pass; the log says why.
            sys.stderr.write(f"the condition of a role assignment on {self.scope} was not understood: {error}\n")
            return False


class Access(Part):
    """Decides, and remembers what was used."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._grants: dict[str, list[Grant]] = {}
        self._generation = -1
        self._noted: set[tuple[str, str]] = set()

    def grants(self, principal: str) -> list[Grant]:
        """What a principal (an object id) holds."""
        with self._lock:
            if self._generation != self.store.generation:
                self._generation = self.store.generation
                self._grants = _all_grants(self.store)
            return self._grants.get(principal.lower(), [])

    def allowed(self, principal: Principal, need: Need) -> bool:
        """Whether the principal may; what it may is noted as used."""
        scope = need.scope.lower() + "/"
        for grant in self.grants(principal.oid):
            if not scope.startswith(grant.scope.lower().rstrip("/") + "/"):
                continue
            for action in need.actions:
                if grant.gives(action, need):
                    self._note(principal, action, need)
                    return True
        return False

    def _note(self, principal: Principal, action: str, need: Need) -> None:
        key = (principal.oid, action.lower())
        if key not in self._noted:
            self._noted.add(key)
            used = {
                "identity": principal.name,
                "principalId": principal.oid,
                "action": action,
                "scope": need.scope,
                "data": need.data,
                "any": list(need.actions),
            }
            self.store.write(USED, f"{principal.oid}|{action.lower()}", used)

    def used(self) -> list[Body]:
        """Every permission that some identity asked for and got."""
        return [body for _, body in self.store.documents(USED)]


def _all_grants(store: Store) -> dict[str, list[Grant]]:
    custom = {r.id.name.lower(): properties(r).get("permissions") or [] for r in store.of_type(DEFINITIONS)}
    grants: dict[str, list[Grant]] = {}
    for assignment in store.of_type(ASSIGNMENTS):
        values = properties(assignment)
        role = role_name(values)
        known = builtin.ROLES.get(role)
        permissions = [known.permissions()] if known else custom.get(role, [])
        grant = Grant(assignment.id.scope, role, permissions, str(values.get("condition") or ""))
        grants.setdefault(str(values.get("principalId", "")).lower(), []).append(grant)
    return grants


def role_name(values: Body) -> str:
    """The name (a GUID) of the role that an assignment gives."""
    return str(values.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
