"""A token opens the door that it was made for, and no other: audience, issuer, subject and time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from azureml_local.arm.signer import Signer
from tests.emulator import GROUP, SUBSCRIPTION, Emulator, fresh

from .arm import VERSION
from .serving import Serving

MANAGEMENT, STORAGE, SCORING = "https://management.azure.com", "https://storage.azure.com", "https://ml.azure.com"
GITHUB = "https://token.actions.githubusercontent.com"
ENDPOINTS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices/workspaces"
)


def status(local: Emulator, token: str, path: str, method: str = "GET") -> int:
    with local.http(headers={"Authorization": f"Bearer {token}"}) as http:
        return http.request(method, path, params=VERSION).status_code


def scoring_token(served: Serving) -> str:
    """What the service hands out to score with."""
    with served.emulator.http(headers={"Authorization": f"Bearer {served.emulator.token()}"}) as http:
        return str(http.post(f"{served.id}/token", params=VERSION).json()["accessToken"])


def test_a_scoring_token_manages_nothing(serving: Serving):
    local, token = serving.emulator, scoring_token(serving)
    for path, method in (
        (f"{serving.id}/listKeys", "POST"),
        (f"{serving.id}/token", "POST"),
        (serving.id, "GET"),
        (serving.id.rpartition("/onlineEndpoints/")[0], "DELETE"),
        ("/permissions", "GET"),
        (f"/history/v1.0{ENDPOINTS}/w/runs/r", "GET"),
        (f"/mlflow/v2.0{ENDPOINTS}/w/api/2.0/mlflow/experiments/search", "GET"),
    ):
        assert status(local, token, path, method) == 401, path
        assert status(local, local.token(), path, method) != 401 or method == "DELETE", path
    # nor does it read a blob
    assert status(local, token, "/account.blob.blobhost.invalid/container/blob") == 403


def test_a_scoring_token_opens_its_endpoint_and_no_other(local: Emulator, tmp_path):
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    with local.addressed():
        client = local.client()
        served, other = (Serving(local, client, fresh("ep"), tmp_path) for _ in range(2))
        for each in (served, other):
            endpoint = ManagedOnlineEndpoint(name=each.endpoint, auth_mode="aml_token")
            client.online_endpoints.begin_create_or_update(endpoint).result()
        token = scoring_token(served)
        # 404: the endpoint lets it in and has no deployment
        assert served.score({}, key=token).status_code == 404
        assert other.score({}, key=token).status_code == 401
        assert served.score({}, key=local.token(SCORING)).status_code == 401


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda signer: signer.token(MANAGEMENT), 404),
        (lambda signer: signer.token(f"{MANAGEMENT}/"), 404),
        (lambda signer: signer.token(STORAGE), 401),
        (lambda signer: signer.token("https://vault.azure.net"), 401),
        (lambda signer: signer.token(MANAGEMENT, issuer=GITHUB), 401),
        (lambda signer: signer.token(MANAGEMENT, hours=-0.01), 401),
        (lambda signer: signer.token(MANAGEMENT, subject="somebody"), 401),
    ],
)
def test_only_a_known_subject_with_the_right_audience_and_issuer_is_let_in(
    local: Emulator, made: Callable[[Signer], tuple[str, int]], expected: int
):
    token, _ = made(Signer(local.home.secret("signing")))
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{fresh('none')}"
    assert status(local, token, group) == expected


def test_a_token_without_a_signature_of_ours_is_none(local: Emulator):
    import jwt

    claims = Signer("secret").claims(Signer("secret").token(MANAGEMENT)[0], [MANAGEMENT])
    assert claims
    for forged in (jwt.encode(claims, None, "none"), jwt.encode(claims, "x" * 32, "HS256")):
        assert status(local, forged, f"{ENDPOINTS}/w") == 401


def test_a_blob_wants_a_token_for_storage(local: Emulator):
    blob = "/account.blob.blobhost.invalid/container/blob"
    signer = Signer(local.home.secret("signing"))
    assert status(local, signer.token(STORAGE)[0], blob) == 404
    assert status(local, signer.token(MANAGEMENT)[0], blob) == 403


def test_a_step_is_not_the_person(local: Emulator):
    """What only the person at this machine may ask is refused to a step, also to one without an identity."""
    signer = Signer(local.home.secret("signing"))
    assert status(local, signer.token(MANAGEMENT)[0], "/permissions") == 200
    assert status(local, signer.token(MANAGEMENT, subject="step")[0], "/permissions") == 403
