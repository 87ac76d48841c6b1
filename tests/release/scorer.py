"""A stand-in for the inference server, for tests that start it a hundred times: the real one takes half a second.

It is a package of the same name, in an environment of its own that the local Azure ML builds as any other.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

from tests.emulator import ENVIRONMENTS

NAME, VERSION = "azureml_inference_server_http", "0.0.1"
SERVER = '''
import importlib.util, json, os, socket, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEFAULT_HOST = ""

class Refused(Exception):
    """What a script raises for a mistake of its caller."""

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, {"status": "Healthy"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.answer(200, self.server.script.run(body.decode()))
        except (KeyError, TypeError, ValueError) as error:
            self.answer(400, {"error": {"code": "BadRequest", "message": repr(error)}})
        except Exception as error:
            self.answer(500, {"message": repr(error)})

    def answer(self, status, content):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass

def run():
    path = os.environ["AZUREML_ENTRY_SCRIPT"]
    spec = importlib.util.spec_from_file_location("entry", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.init()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=3)
    server.script = script
    server.serve_forever()
'''


def context(folder: Path) -> None:
    """Lay out the build context of the environment."""
    (folder / "Dockerfile").write_text(
        "FROM python\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    )
    (folder / "requirements.txt").write_text(f"{_wheel()}\n")


def _wheel() -> Path:
    """The package, where it is the same file for every run: environments are built once for each content."""
    mark = hashlib.sha256(SERVER.encode()).hexdigest()[:8]
    wheel = ENVIRONMENTS / f"scorer-{mark}" / f"{NAME}-{VERSION}-py3-none-any.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    information = f"{NAME}-{VERSION}.dist-info"
    files = {
        f"{NAME}/__init__.py": "",
        f"{NAME}/amlserver.py": SERVER,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{information}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{information}/RECORD"))
    partial = wheel.with_name(f".{wheel.name}.{os.getpid()}")
    with zipfile.ZipFile(partial, "w") as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content)
    partial.replace(wheel)
    return wheel
