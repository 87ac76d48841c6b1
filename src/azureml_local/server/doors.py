"""How a caller is known: the doors that an address may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..arm.errors import ServiceError
from ..arm.principals import NOBODY, Principal, principal_of
from ..arm.requests import Call
from ..arm.signer import MANAGEMENT, MONITOR, STORAGE
from ..identity import managed
from ..storage import blobs, places

Door = Callable[[Call], Principal]
"""Whoever calls. Raises ServiceError to leave them outside; nothing of the body has been read then."""


def everybody(call: Call) -> Principal:
    """No token is asked for."""
    return NOBODY


def token(call: Call) -> Principal:
    """Whoever shows a token of Entra for managing Azure ML."""
    return _for(call, MANAGEMENT)


def monitor(call: Call) -> Principal:
    """Whoever shows a token for metrics or logs; one for managing Azure ML opens neither."""
    return _for(call, MONITOR)


def _for(call: Call, audiences: Iterable[str]) -> Principal:
    """Whoever shows a token for one of these audiences, or for this server."""
    found = _shown(call, (call.context.base, *audiences))
    if found is None:
        raise ServiceError(
            "The token is not one of this emulator for this address, or it has expired."
            if "authorization" in call.headers
            else "The request has no valid token. Use the variables that `mlops local env` prints.",
            code="AuthenticationFailed",
            status=401,
        )
    return found


def blob(call: Call) -> Principal:
    """Whoever shows a token for storage, or a signature; that may be the delegation of an identity."""
    found, place = _shown(call, STORAGE), places.matches(call.path)
    if (
        found is None
        and place
        and call.context.signer.sas_allows(call.parameters, place.container, blobs.permission(call))
    ):
        found = managed.delegate(call.context, call.parameter("skoid"))
    if found is None:
        raise blobs.NotAuthenticated()
    return found


def _shown(call: Call, audiences: Iterable[str]) -> Principal | None:
    """Whoever the request's token names; None unless it is one for one of these audiences."""
    scheme, _, shown = call.headers.get("authorization", "").partition(" ")
    claims = call.context.signer.claims(shown, audiences) if scheme.lower() == "bearer" else None
    return principal_of(claims) if claims else None
