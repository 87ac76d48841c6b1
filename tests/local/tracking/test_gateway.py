"""The gateway before the tracking servers: what is judged is what is sent, and nothing else gets through."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from posixpath import normpath
from urllib.parse import quote, unquote

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from azureml_local.arm.ids import ResourceId, workspace_guid
from tests.emulator import Emulator, fresh
from tests.local.arm import ML, Arm

READ = f"{ML}/experiments/runs/read"


def gateway(workspace: str) -> str:
    return f"/mlflow/v2.0{workspace}"


def send(arm: Arm, path: str, method: str = "POST", **options) -> httpx.Response:
    """A request whose path is sent as it is written: httpx would tidy it up."""
    with arm.emulator.http(headers={"Authorization": f"Bearer {arm.token}"}) as http:
        url = httpx.URL(arm.emulator.base)
        request = http.build_request(method, url, **options)
        request.extensions["target"] = path.encode()
        return http.send(request)


@pytest.fixture(scope="module")
def workspace(local: Emulator) -> str:
    arm = Arm(local)
    return str(arm.made(ML, fresh("mlw"))["id"])


@pytest.fixture(scope="module")
def reader(local: Emulator, workspace: str) -> Arm:
    """An identity that may read runs, and nothing else."""
    id_ = ResourceId.parse(workspace)
    assert id_
    arm = Arm(local, group=f"/subscriptions/{id_.subscription}/resourceGroups/{id_.group}")
    identity = arm.identity()
    assert arm.grant(identity, arm.role(READ), workspace).status_code == 201
    return arm.acting(identity)


def test_an_identity_reads_what_it_may(reader: Arm, workspace: str) -> None:
    body = {"experiment_ids": ["0"]}
    assert send(reader, f"{gateway(workspace)}/api/2.0/mlflow/runs/search", json=body).status_code == 200
    assert send(reader, f"{gateway(workspace)}/api/2.0/mlflow/runs/create", json=body).status_code == 403


WAYS_ROUND = [
    "/api/2.0/mlflow/runs/get/../create",
    "/api/2.0/mlflow/runs/get/%2e%2e/create",
    "/api/2.0/mlflow/runs/get/%252e%252e/create",
    "/api/2.0/mlflow/runs/get/.%2E/create",
    "/api/2.0/mlflow/runs/get%2f..%2fcreate",
    "/api/2.0/mlflow/runs/get%5c..%5ccreate",
    "/api/2.0/mlflow/runs/get\\..\\create",
    "/api/2.0/mlflow/runs/./create",
    "/api/2.0/mlflow/runs//create",
    "/api/2.0/mlflow/runs/create/",
    "/api/x/mlflow/runs/get/../../../../../azureml-local/runs",
    "/api/2.0/mlflow/runs/get/../../../../../get-artifact",
    "/api/2.0/mlflow/runs/get/../../../../ajax-api/2.0/mlflow/upload-artifact",
    "/api/2.0/../../get-artifact",
    "/api/2.0/mlflow",
    "/api/3.0/mlflow/gateway/secrets/create",
    "/api/3.0/mlflow/tracesque",
    "/ajax-api/2.0/mlflow/runs/get",
    "/get-artifact",
    "/api/2.0/preview/mlflow/runs/get",
    "/api/",
]


@pytest.mark.parametrize("path", WAYS_ROUND)
def test_no_path_leads_round_what_was_judged(local: Emulator, reader: Arm, workspace: str, path: str) -> None:
    query = "?run_uuid=r1&path=signing"
    for arm in (reader, Arm(local, group="")):
        refused = send(arm, f"{gateway(workspace)}{path}{query}", json={"experiment_id": "0"})
        assert refused.status_code == (400 if path.startswith("/api/") else 404), refused.text
        assert refused.json()["error"]["code"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/registered-models/alias"),
        ("DELETE", "/registered-models/alias"),
        ("POST", "/logged-models/mlflow/runs/get"),
        ("PUT", "-artifacts/artifacts/mlflow/runs/get"),
        ("POST", "/RUNS/get"),
    ],
)
def test_a_part_of_a_path_is_not_taken_for_the_whole(
    local: Emulator, workspace: str, method: str, path: str
) -> None:
    id_ = ResourceId.parse(workspace)
    assert id_
    arm = Arm(local, group=f"/subscriptions/{id_.subscription}/resourceGroups/{id_.group}")
    identity = arm.identity()
    role = arm.role(READ, f"{ML}/models/read", f"{ML}/experiments/read")
    assert arm.grant(identity, role, workspace).status_code == 201
    refused = send(arm.acting(identity), f"{gateway(workspace)}/api/2.0/mlflow{path}", method, json={})
    assert refused.status_code in ((403, 404) if "logged-models" in path else (403,)), refused.text


def test_a_parameter_may_be_given_twice_to_mlflow(local: Emulator, workspace: str) -> None:
    path = f"{gateway(workspace)}/api/2.0/mlflow/registered-models/search?order_by=name&order_by=timestamp"
    assert send(Arm(local, group=""), path, "GET").status_code == 200


def test_a_workspace_that_was_never_made_has_no_server(local: Emulator) -> None:
    arm = Arm(local)
    never = arm.id(ML, fresh("never"))
    refused = send(arm, f"{gateway(never)}/api/2.0/mlflow/runs/search", json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "UserError")
    id_ = ResourceId.parse(never)
    assert id_
    assert not (local.home.tracking / workspace_guid(id_)).exists()


def test_a_server_that_dies_in_a_request_is_said_to_and_started_again(local: Emulator) -> None:
    import os
    import signal

    arm = Arm(local)
    workspace = str(arm.made(ML, fresh("mlw"))["id"])
    id_ = ResourceId.parse(workspace)
    assert id_
    path = f"{gateway(workspace)}/api/2.0/mlflow/experiments/search?max_results=1"
    assert send(arm, path, "GET").status_code == 200
    pids = [int(line.split()[0]) for line in local.processes() if workspace_guid(id_) in line]
    assert len(pids) == 1
    os.kill(pids[0], signal.SIGSTOP)  # it has the connection, and never answers
    killing = threading.Timer(0.5, os.kill, (pids[0], signal.SIGKILL))
    killing.start()
    died = send(arm, path, "GET")
    killing.join()
    assert died.status_code == 503
    assert died.json()["error"]["code"] == "ServiceUnavailable"
    assert died.headers["x-ms-error-code"] == "ServiceUnavailable"
    assert send(arm, path, "GET").status_code == 200


@pytest.fixture(scope="module")
def recorder() -> Iterator[tuple[httpx.Client, str, list[str]]]:
    """A server that notes the targets of requests as they came, and a client."""
    seen: list[str] = []

    class Note(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Note) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with httpx.Client(trust_env=False) as client:
            yield client, f"http://127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()
        thread.join()


PIECES = st.sampled_from(
    [
        "/",
        "//",
        ".",
        "..",
        "/../",
        "/./",
        "%2e",
        "%2E%2e",
        "%252e",
        "%2f",
        "%5c",
        "\\",
        "?",
        "#",
        "%",
        ";",
        ":",
        "@",
    ]
)
WORDS = st.one_of(st.text(max_size=4), st.sampled_from(["runs", "get", "create", "/x"]))
PATHS = st.one_of(st.lists(WORDS, max_size=6), st.lists(st.one_of(PIECES, WORDS), max_size=6))


@settings(max_examples=400, deadline=None)
@given(pieces=PATHS, query=st.binary(max_size=12))
@example(pieces=["runs/get/../create"], query=b"")
@example(pieces=["runs/get?/../create"], query=b"a#b")
@example(pieces=["runs/get#/create"], query=b"\xff&x=\\..\\")
def test_what_reaches_the_server_is_what_was_judged(
    recorder: tuple[httpx.Client, str, list[str]], pieces: list[str], query: bytes
) -> None:
    from azureml_local.arm.paths import is_plain
    from azureml_local.tracking.proxy import target
    from azureml_local.tracking.servers import Server

    client, address, seen = recorder
    path = "/api/2.0/mlflow/" + "".join(pieces)
    if not is_plain(path):
        return
    server = Server(None, address, "/studio/mlflow/guid", "secret")  # type: ignore[arg-type] - no process is asked
    assert client.get(target(server, path, query)).status_code == 204
    arrived, _, asked = seen.pop().partition("?")
    assert unquote(arrived) == f"/studio/mlflow/guid{path}"
    assert quote(unquote(asked, errors="surrogateescape"), errors="surrogateescape") == quote(
        unquote(query.decode("ascii", "surrogateescape"), errors="surrogateescape"), errors="surrogateescape"
    )
    for _ in range(3):  # however often it is decoded, and tidied up, it stays below what was accepted
        assert normpath(path) == path
        assert path.startswith("/api/2.0/mlflow/")
        path = unquote(path)
