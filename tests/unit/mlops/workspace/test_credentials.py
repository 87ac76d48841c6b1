"""Who a process is for Azure: in a job of GitHub Actions the identity that its environment has."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mlops.errors import ServiceFailed
from mlops.workspace import credentials


class GitHub(HTTPServer):
    """What answers at ACTIONS_ID_TOKEN_REQUEST_URL, and what it was asked."""

    asked: list[tuple[dict[str, list[str]], str]]
    answers: list[tuple[int, str]]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append((parse_qs(urlsplit(self.path).query), self.headers["Authorization"]))
        status, text = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(("127.0.0.1", 0), Handler) as server:
        server.asked, server.answers = [], [(200, json.dumps({"value": "assertion"}))]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def address(server: GitHub) -> str:
    return f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"


def test_each_token_has_an_assertion_of_its_own(github: GitHub) -> None:
    ask = credentials.assertion(address(github), "bearer of the job")
    assert [ask(), ask()] == ["assertion", "assertion"]
    wanted = ({"api-version": ["2.0"], "audience": [credentials.AUDIENCE]}, "bearer bearer of the job")
    assert github.asked == [wanted, wanted]


def test_an_error_that_passes_is_asked_again(github: GitHub) -> None:
    github.answers[:0] = [(502, ""), (503, "")]
    assert credentials.assertion(address(github), "x")() == "assertion"
    assert len(github.asked) == 3


@pytest.mark.parametrize(("status", "times"), [(401, 1), (500, credentials.TRIES)])
def test_one_that_stays_is_said_without_what_is_secret(github: GitHub, status: int, times: int) -> None:
    github.answers = [(status, "secret answer")]
    with pytest.raises(ServiceFailed, match=f"GitHub gave no identity: HTTP {status}") as caught:
        credentials.assertion(address(github), "secret bearer")()
    assert "secret" not in str(caught.value) + caught.value.hint
    assert len(github.asked) == times


def test_only_a_job_with_an_identity_asks_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (credentials.ADDRESS, credentials.BEARER, "AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)
    assert type(credentials.credential()).__name__ == "DefaultAzureCredential"
    monkeypatch.setenv("AZURE_CLIENT_ID", "c")
    monkeypatch.setenv("AZURE_TENANT_ID", "00000000-0000-0000-0000-000000000000")
    assert type(credentials.credential()).__name__ == "DefaultAzureCredential"
    monkeypatch.setenv(credentials.ADDRESS, "http://127.0.0.1:1/")
    assert type(credentials.credential()).__name__ == "ClientAssertionCredential"
