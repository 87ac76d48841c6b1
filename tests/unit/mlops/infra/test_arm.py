"""Azure Resource Manager's long operations, each followed to its end whatever the service sends of it."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from azureml_local.identity import certificates
from mlops.errors import ServiceFailed
from mlops.infra.arm import Manager
from tests.emulator import variables

GROUP = "/subscriptions/s/resourceGroups/rg"
OPERATION, RESULT = "/operations/1", "/results/1"
VERSION = "2025-04-01"
Answer = tuple[int, dict[str, str], Any]
"""Status, headers (a path stands for an address of this service), and a body, or None for none."""
GONE: Answer = (404, {}, {"error": {"code": "ResourceGroupNotFound", "message": "it is not there"}})


@dataclass
class Service:
    """A service of which each test says what it answers: `answers[method, path]`, one after the other."""

    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    base: str = ""

    def answer(self, method: str, path: str) -> Answer:
        if path == "/metadata/endpoints":
            cloud = {"resourceManager": self.base, "authentication": {"audiences": [self.base]}}
            return 200, {}, [cloud]
        if path == "/msi/token":
            return 200, {}, {"access_token": "t", "expires_on": str(int(time.time()) + 3600), "resource": "r"}
        self.asked.append(f"{method} {path}")
        status, headers, body = self.answers[method, path].pop(0)
        addresses = {name: self.base + value for name, value in headers.items()}
        return status, {**addresses, "retry-after-ms": "1"}, body


def handler(answer: Callable[[str, str], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = answer(self.command, self.path.partition("?")[0])
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_DELETE = do_POST = _any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing: a test's output is its own."""

    return Handler


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certificates.ensure(folder)
    return folder


@pytest.fixture
def service(certified: Path) -> Iterator[Service]:
    found = Service()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(found.answer))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified / "server.pem", certified / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found.base = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    here = {
        "ARM_CLOUD_METADATA_URL": f"{found.base}/metadata/endpoints",
        "IDENTITY_ENDPOINT": f"{found.base}/msi/token",
        "IDENTITY_HEADER": "secret",
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "REQUESTS_CA_BUNDLE": str(certified / "ca.pem"),
        "NO_PROXY": "127.0.0.1",
    }
    try:
        with variables(**here):
            yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def running(headers: dict[str, str] | None = None) -> Answer:
    return 202, headers or {}, None


def status(word: str, **more: Any) -> Answer:
    return 200, {}, {"status": word, **more}


FAILED = {"error": {"code": "Conflict", "message": "a lock holds it"}}


def test_a_deletion_that_names_a_location_only_is_waited_for(service: Service) -> None:
    service.answers = {
        ("DELETE", GROUP): [running({"Location": RESULT})],
        ("GET", RESULT): [running({"Location": RESULT}), running(), (200, {}, None)],
        ("GET", GROUP): [GONE],
    }
    manager = Manager()
    assert manager.delete(GROUP, VERSION)
    assert service.asked == [f"DELETE {GROUP}", *[f"GET {RESULT}"] * 3]
    assert manager.get(GROUP, VERSION) is None


def test_a_location_that_moves_is_followed(service: Service) -> None:
    service.answers = {
        ("DELETE", GROUP): [running({"Location": RESULT})],
        ("GET", RESULT): [running({"Location": "/results/2"})],
        ("GET", "/results/2"): [(204, {}, None)],
    }
    assert Manager().delete(GROUP, VERSION)
    assert service.asked == [f"DELETE {GROUP}", f"GET {RESULT}", "GET /results/2"]


def test_of_both_headers_the_operation_counts(service: Service) -> None:
    service.answers = {
        ("DELETE", GROUP): [running({"Azure-AsyncOperation": OPERATION, "Location": RESULT})],
        ("GET", OPERATION): [status("InProgress"), status("Succeeded")],
    }
    assert Manager().delete(GROUP, VERSION)
    assert service.asked == [f"DELETE {GROUP}", *[f"GET {OPERATION}"] * 2]


@pytest.mark.parametrize(
    ("headers", "answers"),
    [
        ({"Azure-AsyncOperation": OPERATION}, [status("InProgress"), status("Failed", **FAILED)]),
        ({"Azure-AsyncOperation": OPERATION}, [status("Canceled", **FAILED)]),
        ({"Location": OPERATION}, [running(), (409, {}, FAILED)]),
    ],
)
def test_a_failure_at_the_end_is_told_in_the_services_words(
    service: Service, headers: dict[str, str], answers: list[Answer]
) -> None:
    service.answers = {("DELETE", GROUP): [running(headers)], ("GET", OPERATION): answers}
    with pytest.raises(ServiceFailed, match=r"^Conflict: a lock holds it$"):
        Manager().delete(GROUP, VERSION)


def test_a_failure_without_a_reason_is_one_too(service: Service) -> None:
    service.answers = {
        ("DELETE", GROUP): [running({"Azure-AsyncOperation": OPERATION})],
        ("GET", OPERATION): [status("Failed")],
    }
    with pytest.raises(ServiceFailed, match=r"^Failed: it does not say why$"):
        Manager().delete(GROUP, VERSION)


@pytest.mark.parametrize(("code", "was_there"), [(200, True), (204, False), (404, False)])
def test_what_is_done_at_once_is_not_waited_for(service: Service, code: int, was_there: bool) -> None:
    service.answers = {("DELETE", GROUP): [GONE if code == 404 else (code, {}, None)]}
    assert Manager().delete(GROUP, VERSION) is was_there
    assert service.asked == [f"DELETE {GROUP}"]


def test_a_refusal_is_told_in_the_services_words(service: Service) -> None:
    service.answers = {("DELETE", GROUP): [(403, {}, FAILED)], ("PUT", GROUP): [(400, {}, None)]}
    with pytest.raises(ServiceFailed, match=r"^Conflict: a lock holds it$"):
        Manager().delete(GROUP, VERSION)
    with pytest.raises(ServiceFailed, match=r"^400: Bad Request$"):
        Manager().put(GROUP, VERSION, {})


@pytest.mark.parametrize("code", [200, 201, 202])
def test_a_put_answers_what_the_resource_is_in_the_end(service: Service, code: int) -> None:
    begun = {"properties": {"provisioningState": "Creating"}}
    made = {"properties": {"provisioningState": "Succeeded", "principalId": "p"}}
    service.answers = {
        ("PUT", GROUP): [(code, {"Azure-AsyncOperation": OPERATION}, begun)],
        ("GET", OPERATION): [status("Creating"), status("Succeeded")],
        ("GET", GROUP): [(200, {}, made)],
    }
    assert Manager().put(GROUP, VERSION, {}) == made


def test_a_put_that_names_no_address_is_followed_by_the_resource_itself(service: Service) -> None:
    states = [{"properties": {"provisioningState": each}} for each in ("Accepted", "Creating", "Succeeded")]
    service.answers = {
        ("PUT", GROUP): [(201, {}, states[0])],
        ("GET", GROUP): [(200, {}, states[1]), (200, {}, states[2])],
    }
    assert Manager().put(GROUP, VERSION, {}) == states[2]
    assert service.answers["GET", GROUP] == []


def test_a_put_whose_resource_ends_failed_is_refused(service: Service) -> None:
    failed = {"properties": {"provisioningState": "Failed"}}
    service.answers = {("PUT", GROUP): [(201, {}, None)], ("GET", GROUP): [(200, {}, failed)]}
    with pytest.raises(ServiceFailed, match=r"^Failed: it does not say why$"):
        Manager().put(GROUP, VERSION, {})


def test_an_action_is_followed_by_its_location(service: Service) -> None:
    service.answers = {
        ("POST", GROUP): [running({"Location": RESULT})],
        ("GET", RESULT): [running(), (200, {}, {"done": True})],
    }
    Manager().post(GROUP, VERSION)
    assert service.answers["GET", RESULT] == []
