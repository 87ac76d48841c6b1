"""Asking an endpoint over HTTP, against a plain function that answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mlops.release.asking import DEPLOYMENT, MODEL_STATUS, Answer, Asking

KEYS = ["old", "new"]


class Endpoint(BaseHTTPRequestHandler):
    """Takes the key `new` only; a body that begins with a digit is the model's status."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != "Bearer new":
            self._answer(401, b"key_auth_access_denied")
        elif body[:1].isdigit():
            self._answer(424, b"no", **{MODEL_STATUS: body.decode()})
        else:
            self._answer(200, body, **{DEPLOYMENT: self.headers.get(DEPLOYMENT, "blue")})

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/score"
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(uri: str) -> Iterator[Asking]:
    keys = iter(KEYS)
    with Asking(uri, lambda: next(keys)) as asking:
        yield asking


def test_a_key_that_is_refused_is_read_anew_once(ask: Asking) -> None:
    assert ask(b"x").status == 200
    assert ask(b"x").status == 200, "and kept: there is no third"


def test_a_key_that_stays_wrong_is_the_answer(uri: str) -> None:
    with Asking(uri, lambda: "wrong") as asking:
        assert (asking(b"x").status, asking(b"x").body) == (401, b"key_auth_access_denied")


def test_a_deployment_is_asked_by_name_and_the_answer_names_one(ask: Asking) -> None:
    assert ask(b"x").deployment == "blue"
    named = ask(b"x", "green")
    assert (named.deployment, named.body, named.good) == ("green", b"x", True)
    assert named.seconds > 0


@pytest.mark.parametrize(("status", "refused"), [("400", True), ("422", True), ("500", False), ("429", False)])
def test_the_model_s_own_status_says_whose_mistake_it_was(ask: Asking, status: str, refused: bool) -> None:
    answer = ask(status.encode())
    assert (answer.status, answer.model_status, answer.refused) == (424, int(status), refused)


def test_a_failure_without_a_model_s_status_is_no_refusal() -> None:
    assert not Answer(424).refused
    assert Answer(413).refused


def test_no_answer_is_an_answer(uri: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        gone = f"http://127.0.0.1:{server.server_port}/score"
    with Asking(gone, lambda: "new") as asking:
        answer = asking(b"x")
    assert (answer.status, answer.good, answer.refused) == (0, False, False)
    assert b"ConnectError" in answer.body
