"""Whoever shows a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PERSON, STEP = "local-user", "step"
"""The subjects of the tokens of the person at this machine, and of a step without an identity."""
RUN = "run "
"""How the subject of a run's own token begins."""


@dataclass(frozen=True)
class Principal:
    """Whoever shows a token. Only identities that a deployment made are held to their roles.

    `oid` and `client` are the ids of an identity, `name` its name. `run` is the run whose own token it is: that is
    for tracking and run history, and for nothing else. `person` is whether it is the person at this machine, who
    owns everything on it.
    """

    oid: str
    client: str = ""
    name: str = ""
    run: str = ""
    person: bool = False

    @property
    def is_identity(self) -> bool:
        return bool(self.name)


NOBODY = Principal("")
"""Whoever shows a signature in place of a token."""


def principal_of(claims: dict[str, Any]) -> Principal | None:
    """The principal that a token's claims name; None for a subject that nobody here has.

    The last part of `xms_mirid` is the identity's name. A step on a cluster that no deployment made has no
    identity: nothing could be granted to it, and it may what the person may, but for what is the person's alone.
    """
    identity, subject, oid = (str(claims.get(name, "")) for name in ("xms_mirid", "sub", "oid"))
    if identity:
        return Principal(oid, str(claims.get("appid", "")), identity.rsplit("/", 1)[-1])
    if subject.startswith(RUN):
        return Principal(oid, run=subject.removeprefix(RUN))
    return Principal(oid, person=subject == PERSON) if subject in (PERSON, STEP) else None
