"""The two shapes in which the service refuses an identity that lacks a right."""

from __future__ import annotations

from ..arm.errors import ArmError, ServiceError
from ..arm.ids import PROVIDER, ResourceId
from ..arm.principals import Principal
from .decision import Need

FRONT_END = f"{PROVIDER}/workspaces/".lower()
ASSETS = f"{PROVIDER}/registries/assets/".lower()
OF_ARM = tuple(
    f"{FRONT_END}{kind}"
    for kind in (
        "read",
        "write",
        "delete",
        "computes/",
        "connections/",
        "privateendpoint",
        "listkeys",
        "providers/",
    )
)
"""What is checked by Azure Resource Manager before Azure ML sees it: the workspace itself, and its computes."""


def refusal(principal: Principal, need: Need, id: ResourceId | None = None) -> ServiceError:
    """403, in the words of whoever checks this action. Source: runs in which rights were missing, 2026-08.

    Of a registry: recordings of the SDK's tests, 2026-03.
    """
    lowered = need.action.lower()
    if need.linked:
        return ArmError(
            "LinkedAuthorizationFailed",
            f"The client '{principal.client}' with object id '{principal.oid}' has permission to perform action "
            f"'{id.full_type if id else ''}/write' on scope '{id}'; however, it does not have permission to "
            f"perform action(s) '{need.action}' on the linked scope(s) '{need.scope}' (respectively) or the "
            "linked scope(s) are invalid.",
            403,
        )
    if lowered.startswith(ASSETS):
        name = need.scope.rpartition("/")[2]
        return ServiceError(
            f"User/tenant/subscription is not allowed to access registry {name}",
            status=403,
            inner=("Auth", "Authorization", "UnAuthorizedRegistryAccess"),
        )
    if lowered.startswith(FRONT_END) and not lowered.startswith(OF_ARM):
        return ServiceError(
            f"Identity(object id: {principal.oid}) does not have permissions for {need.action} actions.",
            status=403,
            inner=("ForbiddenError",),
        )
    return ArmError(
        "AuthorizationFailed",
        f"The client '{principal.client}' with object id '{principal.oid}' does not have authorization to perform "
        f"action '{need.action}' over scope '{need.scope}' or the scope is invalid. If access was recently "
        "granted, please refresh your credentials.",
        403,
    )
