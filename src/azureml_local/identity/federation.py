"""Workload identity federation: an assertion of GitHub becomes a token of a managed identity (rule oidc).

The emulator stands in for both sides. GitHub's: `GET /github/token` gives what a job in a GitHub environment
gets from its identity provider. Entra's: `POST /{tenant}/oauth2/v2.0/token` compares issuer, subject and
audience of the assertion with the federated credentials of the identity, and refuses in Entra's words.
"""

from __future__ import annotations

import hmac
import json
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import Response

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.requests import Call, answer
from ..arm.signer import TENANT
from .managed import CREDENTIALS, ManagedIdentity, of_resource, with_client_id

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
ASSERTION_HOURS = 5 / 60
"""An assertion of GitHub lives five minutes; the token that it is exchanged for lives on."""


def github_token(call: Call) -> Response:
    """GET /github/token?environment=E[&subject=S]: an assertion, and the identity that it is for.

    Without `subject` it is the one that a job in the GitHub environment E has.
    """
    shown = call.headers.get("x-identity-header", "").encode()
    if not hmac.compare_digest(shown, call.context.home.secret("identity-header").encode()):
        return answer({"message": "The X-IDENTITY-HEADER is wrong."}, 401)
    environment = call.parameter("environment")
    found = _of_environment(call.context, environment)
    if found is None:
        known = sorted({s.rpartition(":environment:")[2] for s, _ in _subjects(call.context)})
        return answer(
            {"message": f"no identity trusts the environment {environment!r}", "environments": known}, 404
        )
    subject, identity = found
    hours = ASSERTION_HOURS if call.context.parity.holds("oidc") else 24
    claims = {"iss": ISSUER, "sub": call.parameter("subject") or subject}
    value, _ = call.context.signer.token(AUDIENCE, hours=hours, claimed=claims)
    return answer({"value": value, "client_id": identity.client, "tenant_id": TENANT, "subject": claims["sub"]})


def exchange(call: Call) -> Response:
    """POST /{tenant}/oauth2/v2.0/token with an assertion (RFC 7523)."""
    form = {name: values[0] for name, values in parse_qs(call.content.decode()).items()}
    identity = with_client_id(call.context, form.get("client_id", ""))
    if identity is None:
        return _refused(
            700016,
            f"Application with identifier '{form.get('client_id', '')}' was not found in the directory 'local'.",
            "unauthorized_client",
        )
    assertion = form.get("client_assertion", "")
    claims = call.context.signer.assertion(assertion)
    if claims is None:
        return _refused(50027, "JWT token is invalid or malformed.")
    if claims["exp"] <= call.context.signer.clock.time():
        return _refused(700024, "Client assertion is not within its valid time range.")
    refusal = _mismatch(call.context, identity, claims)
    if refusal is not None:
        return refusal
    audience = form.get("scope", "").removesuffix("/.default")
    token, expires = call.context.signer.token(audience, claimed=identity.claims())
    seconds = int(expires - call.context.signer.clock.time())
    return answer(
        {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
    )


def _mismatch(context: Context, identity: ManagedIdentity, claims: dict[str, Any]) -> Response | None:
    """The refusal of an assertion that none of the identity's credentials names; None if one does."""
    credentials = context.store.children(identity.id, "federatedIdentityCredentials")
    trusted = [properties(each) for each in credentials]
    if not trusted:
        return _refused(
            70025,
            f"The client '{identity.client}'({identity.id.name}) has no configured federated identity "
            "credentials.",
        )
    subject = str(claims.get("sub"))
    for each in trusted:
        same = each.get("issuer") == claims.get("iss") and claims.get("aud") in (each.get("audiences") or [])
        if same and each.get("subject") == subject:
            return None
    near = any(str(each.get("subject")).lower() == subject.lower() for each in trusted)
    return _refused(
        7002138 if near else 700213,
        f"No matching federated identity record found for presented assertion subject '{subject}'. Check your "
        "federated identity credential Subject, Audience and Issuer against the presented assertion.",
    )


def _refused(code: int, message: str, error: str = "invalid_client") -> Response:
    body = {"error": error, "error_description": f"AADSTS{code}: {message}", "error_codes": [code]}
    return Response(json.dumps(body), 401 if error == "invalid_client" else 400, media_type="application/json")


def _subjects(context: Context) -> list[tuple[str, ManagedIdentity]]:
    """Every subject that some identity trusts, oldest first."""
    found = []
    for credential in context.store.of_type(CREDENTIALS):
        identity = of_resource(context, credential.id.parent)
        if identity:
            found.append((str(properties(credential).get("subject")), identity))
    return found


def _of_environment(context: Context, environment: str) -> tuple[str, ManagedIdentity] | None:
    """The subject and the identity of a GitHub environment."""
    wanted = f":environment:{environment}"
    return next(((s, i) for s, i in _subjects(context) if environment and s.endswith(wanted)), None)
