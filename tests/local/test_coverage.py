"""What is supported is a generated table; what is not says so by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from azureml_local.server import coverage
from azureml_local.server.types import ROWS

from ..emulator import GROUP, SUBSCRIPTION, Emulator

PAGE = Path(__file__).parents[2] / "docs" / "azure-ml-operations.md"
ARM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices"
KNOWN = coverage.operations()


def test_the_documentation_is_what_the_sdk_and_the_tables_say() -> None:
    assert PAGE.read_text() == coverage.render()


def test_the_sdk_s_client_was_read_whole() -> None:
    paths = {path for path, _ in KNOWN}
    assert len(KNOWN) > 200
    assert {"workspaces/jobs", "workspaces/jobs/cancel", "registries/models/versions"} <= paths


def test_every_row_of_the_tables_is_an_operation_of_the_sdk() -> None:
    paths = {path.lower() for path, _ in KNOWN}
    own = [(path, behaviour) for path, behaviour in ROWS if not path.startswith("Microsoft.")]
    assert {path.lower() for path, _ in own} <= paths
    assert {f"{path}/{action}".lower() for path, behaviour in own for action in behaviour.actions} <= paths


def _address(path: str, verb: str) -> str:
    """An address of the operation: a name after each type, none after the last for a list or an action."""
    segments = path.split("/")
    named = [f"{segment}/n1" for segment in segments]
    if verb in ("LIST", "POST"):
        named[-1] = segments[-1]
    return f"{ARM}/{'/'.join(named)}"


MISSING = sorted((p, v) for p, v in KNOWN if p.startswith("workspaces/") and not coverage.is_supported(p, v))


@pytest.mark.parametrize(("path", "verb"), MISSING)
def test_what_is_not_supported_answers_501_with_its_name(local: Emulator, path: str, verb: str) -> None:
    method = "GET" if verb == "LIST" else verb
    with local.http(headers={"Authorization": f"Bearer {local.token()}"}) as http:
        body = {} if method in ("PUT", "POST", "PATCH") else None
        answer = http.request(method, _address(path, verb), params={"api-version": "2024-10-01"}, json=body)
    assert answer.status_code == 501, answer.text
    assert answer.json()["error"]["code"] == "NotImplemented"
    assert path.rpartition("/")[2].lower() in answer.json()["error"]["message"].lower()
