"""Access tokens and shared access signatures, signed with a secret of the home."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import jwt

from ..machine.clock import Clock

TENANT = str(uuid.uuid5(uuid.NAMESPACE_DNS, "azureml-local"))
HOUR = 3600
ENTRA = f"https://sts.windows.net/{TENANT}/"
"""Who issues the tokens of people, steps and identities. Others issue tokens for one door of their own."""
ALGORITHM = "HS256"
MANAGEMENT = ("https://management.azure.com", "https://management.core.windows.net", "https://ml.azure.com")
"""The audiences of what manages Azure ML; the emulator's own address is one more."""
SCORING = "https://ml.azure.com"
"""The audience with which an Entra token opens an endpoint."""
STORAGE = ("https://storage.azure.com",)
"""The audience of blobs."""
MONITOR = (
    "https://metrics.monitor.azure.com",
    "https://api.loganalytics.io",
    "https://api.loganalytics.azure.com",
)
"""The audiences of metrics and logs of Azure Monitor."""
SECONDS = re.compile(r"[0-9]{1,12}")
"""A time in Unix seconds, as a signature says when it ends."""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def object_id(subject: str) -> str:
    """The object id of a subject that has none of its own."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, subject))


class Signer:
    """Makes and checks tokens (JSON web tokens) and shared access signatures of containers.

    They live by the time of this machine, whatever time the service has: so do the caches of those who hold them.
    """

    def __init__(self, secret: str, clock: Clock | None = None) -> None:
        self._secret = secret.encode()
        self.clock = clock or Clock()
        self._token_key = self._sign("tokens")

    def step_secret(self, principal: str = "") -> str:
        """What a step shows the token endpoint in place of a person's header: for one identity, or for none."""
        return f"{principal}.{_encode(self._sign(f'step identity {principal}'))}"

    def _sign(self, text: str) -> bytes:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).digest()

    def token(
        self,
        audience: str,
        *,
        issuer: str = ENTRA,
        subject: str = "local-user",
        hours: float = 24,
        claimed: Mapping[str, str] | None = None,
    ) -> tuple[str, int]:
        """A token and the time (Unix seconds) at which it expires. `claimed` replaces what would be said."""
        now = int(self.clock.time())
        expires = now + int(hours * HOUR)
        claims = {
            "aud": audience.rstrip("/"),
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": expires,
            "oid": object_id(subject),
            "sub": subject,
            "tid": TENANT,
            **(claimed or {}),
        }
        return jwt.encode(claims, self._token_key, ALGORITHM), expires

    def claims(self, token: str, audiences: Iterable[str], issuer: str = ENTRA) -> dict[str, Any] | None:
        """What a token says; None unless it is ours, of this issuer, for one of these audiences, and in time."""
        try:
            claims = self._decoded(token, list(audiences), issuer)
        except jwt.InvalidTokenError:
            return None
        return claims if claims["exp"] > self.clock.time() else None

    def assertion(self, token: str) -> dict[str, Any] | None:
        """What an assertion says, whoever issued it, for whomever, whenever: its taker compares all of these."""
        try:
            return self._decoded(token)
        except jwt.InvalidTokenError:
            return None

    def _decoded(
        self, token: str, audiences: list[str] | None = None, issuer: str | None = None
    ) -> dict[str, Any]:
        """The claims of a token of ours. Its times are compared with our clock, by whoever asks."""
        options: Any = {
            "require": ["aud", "iss", "exp", "sub"],
            "verify_aud": audiences is not None,
            **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False),
        }
        return jwt.decode(token, self._token_key, [ALGORITHM], options, audience=audiences, issuer=issuer)

    def sas(self, container: str, permissions: str = "rl", hours: float = 24, principal: str = "") -> str:
        """A query string that opens one container (`account/name`) for a while.

        With a principal (an object id) it is a user delegation: it opens what the principal may open.
        """
        expires = str(int(self.clock.time() + hours * HOUR))
        signature = _encode(self._sign(f"{container}\n{permissions}\n{expires}\n{principal}"))
        delegated = f"&skoid={principal}" if principal else ""
        return f"sv=2024-11-04&sr=c&sp={permissions}&se={expires}{delegated}&sig={quote(signature)}"

    def sas_allows(self, values: Mapping[str, str], container: str, permission: str) -> bool:
        """True if a query's parameters are a signature for this container that allows `permission` (a letter)."""
        expires, permissions = values.get("se", ""), values.get("sp", "")
        if not SECONDS.fullmatch(expires) or int(expires) < self.clock.time() or permission not in permissions:
            return False
        signature = _encode(self._sign(f"{container}\n{permissions}\n{expires}\n{values.get('skoid', '')}"))
        return hmac.compare_digest(signature.encode(), values.get("sig", "").encode())
