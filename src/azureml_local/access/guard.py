"""The one place where it is asked whether somebody may: of whoever calls, and of what works inside."""

from __future__ import annotations

from collections.abc import Iterable

from ..arm.context import Context
from ..arm.errors import ServiceError
from ..arm.ids import ResourceId
from ..arm.principals import Principal
from ..identity.managed import ManagedIdentity
from .decision import Access, Need
from .refusals import refusal


def permits(context: Context, principal: Principal, need: Need) -> bool:
    """Whether a principal may (rule rbac).

    Identities of a deployment are held to their roles, a run's token to what is a run's; the person at this
    machine owns everything on it.
    """
    if not context.parity.holds("rbac"):
        return True
    if principal.run:
        return need.of_run
    return not principal.is_identity or context.part(Access).allowed(principal, need)


def identity_permits(context: Context, identity: ManagedIdentity | None, need: Need) -> bool:
    """Whether what works inside Azure may, as the identity that it has; what has none may."""
    return identity is None or permits(context, identity.as_principal, need)


def check(context: Context, principal: Principal, needs: Iterable[Need], id: ResourceId | None = None) -> None:
    """Raises the service's refusal unless the principal has every need. `id` is what was asked about."""
    for need in needs:
        if not permits(context, principal, need):
            raise refusal(principal, need, id)


def check_person(principal: Principal) -> None:
    """Raises unless the person at this machine asks: the emulator itself is no identity's business."""
    if not principal.person:
        raise ServiceError("Only the person at this machine may ask this.", code="Forbidden", status=403)
