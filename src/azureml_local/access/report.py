"""What identities were granted, and what of it they ever used."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..arm.context import Context
from ..arm.requests import Call, answer
from ..arm.store import Body
from ..identity import managed
from . import builtin
from .decision import Access
from .patterns import granted


def permissions(call: Call) -> Response:
    """GET /permissions: each identity's permissions, and which of them no request has ever needed."""
    return answer({"identities": [_of(call.context, each) for each in managed.everyone(call.context)]})


def _of(context: Context, identity: managed.ManagedIdentity) -> Body:
    access = context.part(Access)
    used = [each for each in access.used() if each["principalId"] == identity.principal]
    return {
        "id": str(identity.id),
        "identity": identity.id.name,
        "principalId": identity.principal,
        "grants": [
            {
                "scope": grant.scope,
                "role": builtin.ROLES[grant.role].name if grant.role in builtin.ROLES else grant.role,
                "custom": grant.role not in builtin.ROLES,
                **_split(grant.permissions, used),
            }
            for grant in access.grants(identity.principal)
        ],
        "used": used,
    }


def _split(permissions_: list[Body], used: list[Body]) -> dict[str, Any]:
    """The actions of a role, those that something used and those that nothing did."""
    found: dict[str, Any] = {"used": [], "unused": []}
    for each in permissions_:
        for kind, data in (("actions", False), ("dataActions", True)):
            for pattern in each.get(kind) or []:
                asked = [
                    u["action"]
                    for u in used
                    if u["data"] is data
                    and granted(u["action"], [pattern], each.get("notDataActions" if data else "notActions") or [])
                ]
                found["used" if asked else "unused"].append(pattern)
    return found
