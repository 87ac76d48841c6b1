"""GitHub's provider of OpenID assertions: a job with the right address and token gets that of its environment."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlparse

from azureml_local.machine.home import Home
from azureml_local.server import control

AUDIENCE = "api://AzureADTokenExchange"


@dataclass(frozen=True)
class Provider:
    """Where jobs ask, and what they show."""

    address: str
    token: str

    def variables(self, environment: str) -> dict[str, str]:
        """What a job with `id-token: write` has; `environment`: the name of its environment, as an expression."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.address}/token?environment={environment}",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.token,
        }


@contextmanager
def provider(home: Home) -> Iterator[Provider]:
    """A provider whose assertions the local Azure ML of `home` signs."""
    shown = secrets.token_urlsafe()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bearer = self.headers.get("Authorization", "").partition(" ")[2]
            asked = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
            if not hmac.compare_digest(bearer, shown):
                self._answer(401, {"message": "the token is not that of a job"})
            elif asked.get("audience") != AUDIENCE or "environment" not in asked:
                self._answer(400, {"message": f"no identity is trusted for {asked}"})
            else:
                given = control.ask(home, f"/github/token?{urlencode({'environment': asked['environment']})}")
                self._answer(200 if "value" in given else 404, given)

        def _answer(self, status: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_request(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Provider(f"http://127.0.0.1:{server.server_port}", shown)
        finally:
            server.shutdown()
            thread.join()
