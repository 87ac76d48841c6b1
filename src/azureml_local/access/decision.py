"""May this principal do that there? Assignments at the scope and above it, each with its role and condition."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..arm.store import Body, Store
from . import builtin
from .conditions import Asked, NotUnderstood, holds
from .patterns import granted

if TYPE_CHECKING:
    from ..arm.context import Context

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
PERSON, STEP = "local-user", "step"
"""The subjects of the tokens of the person at this machine, and of a step without an identity."""
RUN = "run "
"""How the subject of a run's own token begins."""
USED = "permission-used"
"""The kind of document that holds what a principal asked for and got."""


@dataclass(frozen=True)
class Principal:
    """Whoever shows a token. Only identities that a deployment made are held to their roles.

    `run` is the run whose own token it is: that is for tracking and run history, and for nothing else.
    `person` is whether it is the person at this machine, who owns everything on it.
    """

    oid: str
    client: str
    name: str
    run: str = ""
    person: bool = False

    @property
    def is_identity(self) -> bool:
        return bool(self.name)


def principal_of(claims: dict[str, Any]) -> Principal | None:
    """The principal that a token's claims name; None for a subject that nobody here has.

    The last part of `xms_mirid` is the identity's name. A step on a cluster that no deployment made has no
    identity: nothing could be granted to it, and it may what the person may, but for what is the person's alone.
    """
    identity, subject, oid = (str(claims.get(name, "")) for name in ("xms_mirid", "sub", "oid"))
    if identity:
        return Principal(oid, str(claims.get("appid", "")), identity.rsplit("/", 1)[-1])
    if subject.startswith(RUN):
        return Principal(oid, "", "", run=subject.removeprefix(RUN))
    return Principal(oid, "", "", person=subject == PERSON) if subject in (PERSON, STEP) else None


@dataclass(frozen=True)
class Need:
    """One permission that a request asks for: any one of `actions`, over `scope`.

    `attributes` are those of the request that conditions speak of, in lower case; `linked` is a permission on
    another resource that the body names.
    """

    actions: tuple[str, ...]
    scope: str
    data: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    linked: bool = False

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


class Access:
    """Decides, and remembers what was used."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lock = threading.Lock()
        self._grants: dict[str, list[Grant]] = {}
        self._generation = -1
        self._noted: set[tuple[str, str]] = set()

    def grants(self, principal: str) -> list[Grant]:
        """What a principal (an object id) holds."""
        store = self.context.store
        with self._lock:
            if self._generation != store.generation:
                self._generation = store.generation
                self._grants = _all_grants(store)
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
            self.context.store.write(USED, f"{principal.oid}|{action.lower()}", used)

    def used(self) -> list[Body]:
        """Every permission that some identity asked for and got."""
        return [body for _, body in self.context.store.documents(USED)]


def _all_grants(store: Store) -> dict[str, list[Grant]]:
    custom = {r.id.name.lower(): r.body["properties"].get("permissions") or [] for r in store.of_type(DEFINITIONS)}
    grants: dict[str, list[Grant]] = {}
    for assignment in store.of_type(ASSIGNMENTS):
        values = assignment.body["properties"]
        role = str(values.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
        known = builtin.ROLES.get(role)
        permissions = [known.permissions()] if known else custom.get(role, [])
        grant = Grant(assignment.id.scope, role, permissions, str(values.get("condition") or ""))
        grants.setdefault(str(values.get("principalId", "")).lower(), []).append(grant)
    return grants
