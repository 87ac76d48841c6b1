"""Access tokens and shared access signatures, signed with a secret of the home."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

TENANT = str(uuid.uuid5(uuid.NAMESPACE_DNS, "azureml-local"))
HOUR = 3600
SECONDS = re.compile(r"[0-9]{1,12}")
"""A time in Unix seconds, as a signature says when it ends."""
PEOPLE = ("local-user", "step")
"""Subjects of tokens that are no identity of a deployment: the person at this machine, and a step without one."""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def object_id(subject: str) -> str:
    """The object id of a subject that has none of its own."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, subject))


class Signer:
    """Makes and checks tokens (JSON web tokens, HS256) and shared access signatures of containers."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def step_secret(self, principal: str = "") -> str:
        """What a step shows the token endpoint in place of a person's header: for one identity, or for none."""
        return f"{principal}.{_encode(self._sign(f'step identity {principal}'))}"

    def _sign(self, text: str) -> bytes:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).digest()

    def token(
        self,
        audience: str,
        *,
        subject: str = "local-user",
        hours: float = 24,
        claimed: Mapping[str, str] | None = None,
    ) -> tuple[str, int]:
        """A token and the time (Unix seconds) at which it expires. `claimed` replaces what would be said."""
        now = int(time.time())
        expires = now + int(hours * HOUR)
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": now,
            "nbf": now,
            "exp": expires,
            "oid": object_id(subject),
            "sub": subject,
            "tid": TENANT,
            **(claimed or {}),
        }
        head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        text = f"{head}.{_encode(json.dumps(claims).encode())}"
        return f"{text}.{_encode(self._sign(text))}", expires

    def claims(self, token: str, *, expired: bool = False) -> dict[str, Any] | None:
        """What the token says; None where its signature is wrong or, if that is not asked for, it has expired."""
        text, _, signature = token.rpartition(".")
        try:
            if not hmac.compare_digest(_decode(signature), self._sign(text)):
                return None
            claims: dict[str, Any] = json.loads(_decode(text.partition(".")[2]))
        except ValueError:
            return None
        return claims if expired or claims.get("exp", 0) > time.time() else None

    def sas(self, container: str, permissions: str = "rl", hours: float = 24, principal: str = "") -> str:
        """A query string that opens one container (`account/name`) for a while.

        With a principal (an object id) it is a user delegation: it opens what the principal may open.
        """
        expires = str(int(time.time() + hours * HOUR))
        signature = _encode(self._sign(f"{container}\n{permissions}\n{expires}\n{principal}"))
        delegated = f"&skoid={principal}" if principal else ""
        return f"sv=2024-11-04&sr=c&sp={permissions}&se={expires}{delegated}&sig={quote(signature)}"

    def sas_allows(self, values: Mapping[str, str], container: str, permission: str) -> bool:
        """True if a query's parameters are a signature for this container that allows `permission` (a letter)."""
        expires, permissions = values.get("se", ""), values.get("sp", "")
        if not SECONDS.fullmatch(expires) or int(expires) < time.time() or permission not in permissions:
            return False
        signature = _encode(self._sign(f"{container}\n{permissions}\n{expires}\n{values.get('skoid', '')}"))
        return hmac.compare_digest(signature.encode(), values.get("sig", "").encode())
