"""What a caller of a model waits for: the same ONNX model behind several servers, one beside the other in one run.

    python tests/benchmarks/serving.py [--mlflow .mlflow-serve] [--seconds 2] [--rounds 3]

Needs the command line's environment, that of environments/serve built (`make environments`), src and the
repository on PYTHONPATH, and for its peer an environment of its own: it says how to make it. Each server is asked
by 1, 8 and 32 connections in turn, over and over, each connection sending its next request when it has the answer;
the table has the medians of the rounds. Client and servers share this machine: compare the rows, not the numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from azureml_local.endpoints import inference
from azureml_local.machine import processes
from azureml_local.server import control
from tests.emulator import ENVIRONMENTS, REPOSITORY, Emulator
from tests.local.serving import Serving

CONNECTIONS = (1, 8, 32)
FEATURES = [f"f{number}" for number in range(30)]
TRAIN = """
import sys
import mlflow, mlflow.onnx, numpy as np
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier
names = sys.argv[2].split(",")
rows = np.random.default_rng(0).normal(size=(2000, len(names))).astype("float32")
model = GradientBoostingClassifier(n_estimators=100, random_state=0).fit(rows, rows[:, 0] + rows[:, 1] > 0)
onnx = to_onnx(model, initial_types=[("features", FloatTensorType([None, len(names)]))], options={"zipmap": False})
del onnx.graph.output[0]  # the labels, which the peer cannot put beside two columns
signature = ModelSignature(inputs=Schema([ColSpec("float", name) for name in names]))
mlflow.onnx.save_model(onnx, sys.argv[1], signature=signature)
"""
"""Makes the model, in the peer's environment, which has all that it takes."""
PANDAS = """
import json, os
from pathlib import Path
import pandas as pd
from onnxruntime import InferenceSession

def init():
    global session
    (model,) = Path(os.environ["AZUREML_MODEL_DIR"]).rglob("model.onnx")
    session = InferenceSession(str(model), providers=["CPUExecutionProvider"])

def run(text):
    rows = pd.DataFrame(json.loads(text)["data"]).astype("float32")
    return {"scores": session.run(["probabilities"], {"features": rows.to_numpy()})[0][:, 1].tolist()}
"""
"""A scoring script as most are written."""
SETUP = """For the peer, an environment of its own:
    uv venv --python 3.11 {folder}
    VIRTUAL_ENV={folder} uv pip install mlflow onnx onnxruntime skl2onnx
"""


@dataclass
class Server:
    """A server to ask: its address, and the request as it goes over the connection."""

    name: str
    url: str
    body: bytes
    key: str = ""
    trust: ssl.SSLContext | None = None
    rounds: dict[int, list[tuple[float, float, float, int]]] = field(default_factory=dict)
    """By the number of connections: (requests/s, p50 ms, p99 ms, failures)."""

    @property
    def request(self) -> bytes:
        to = urlsplit(self.url)
        key = f"authorization: Bearer {self.key}\r\n" if self.key else ""
        head = (
            f"POST {to.path} HTTP/1.1\r\nhost: {to.netloc}\r\ncontent-type: application/json\r\n"
            f"{key}content-length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body

    def median(self, connections: int) -> tuple[float, ...]:
        return tuple(statistics.median(values) for values in zip(*self.rounds[connections], strict=True))


async def caller(server: Server, until: float, took: list[float]) -> int:
    """Ask over one connection, opened again where the server closes it; the number of failures."""
    to, request, failures = urlsplit(server.url), server.request, 0
    reader = writer = None
    while (began := time.perf_counter()) < until:
        try:
            if writer is None:
                name = "localhost" if server.trust else None
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", to.port, ssl=server.trust, server_hostname=name
                )
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
        except (OSError, asyncio.IncompleteReadError, ValueError):
            failures, head = failures + 1, b"connection: close"
        else:
            failures += not head.startswith(b"http/1.1 200")
        took.append((time.perf_counter() - began) * 1000)
        if b"connection: close" in head and writer is not None:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()
    return failures


async def ask(server: Server, connections: int, seconds: float) -> tuple[float, float, float, int]:
    """One round: (requests/s, p50 ms, p99 ms, failures)."""
    took: list[float] = []
    began = time.perf_counter()
    failures = await asyncio.gather(*(caller(server, began + seconds, took) for _ in range(connections)))
    spent, took = time.perf_counter() - began, sorted(took)
    return len(took) / spent, took[len(took) // 2], took[int(len(took) * 0.99)], sum(failures)


@contextlib.contextmanager
def started(
    command: list[str], env: dict[str, str], folder: Path, port: Callable[[subprocess.Popen[bytes]], int | None]
) -> Iterator[int]:
    """A server of its own, until the end of the block; its port."""
    process = processes.start(command, log=folder / "log", env=env, cwd=folder, tied=True)
    try:
        found = port(process)
        if found is None:
            sys.exit(f"{command[0]} did not start:\n{(folder / 'log').read_text()[-2000:]}")
        yield found
    finally:
        processes.end(process)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def alone(python: Path, script: Path, model: Path, folder: Path) -> Iterator[int]:
    """azureml-inference-server-http as a deployment runs it, and nobody in front of it."""
    env = {
        "PATH": f"{python.parent}{os.pathsep}/usr/bin:/bin",
        "AZUREML_MODEL_DIR": str(model),
        "AZUREML_ENTRY_SCRIPT": str(script),
        "AML_APP_ROOT": str(script.parent),
    }
    file = folder / "port"
    command = [str(python), str(Path(inference.__file__)), str(file)]
    with started(command, env, folder, lambda process: processes.port_of(process, file, 60, answers)) as port:
        yield port


@contextlib.contextmanager
def peer(venv: Path, model: Path, folder: Path) -> Iterator[int]:
    """`mlflow models serve`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "port").write_text(str(port))
    command = [str(venv / "bin/mlflow"), "models", "serve", "-m", str(model), "-p", str(port)]
    env = {"PATH": f"{venv / 'bin'}{os.pathsep}/usr/bin:/bin", "HOME": str(folder)}
    command += ["--env-manager", "local", "--host", "127.0.0.1"]
    with started(
        command, env, folder, lambda process: processes.port_of(process, folder / "port", 120, answers)
    ) as found:
        yield found


def serve_python() -> Path:
    """The interpreter of the built environment of environments/serve."""
    wanted = (REPOSITORY / "environments/serve/requirements.txt").read_text().strip()
    for folder in ENVIRONMENTS.iterdir():
        file = folder / "requirements.txt"
        if file.exists() and file.read_text().strip() == wanted:
            return folder / "bin" / "python"
    sys.exit("the environment of environments/serve is not built: make environments")


def deployed(local: Emulator, model: Path, folder: Path) -> tuple[Serving, str]:
    """An endpoint with the deployments `onnx` and `pandas` of this model, and its key."""
    from azure.ai.ml.entities import Model, OnlineRequestSettings

    served = Serving.empty(local, folder)
    settings = OnlineRequestSettings(request_timeout_ms=60_000, max_concurrent_requests_per_instance=64)
    asset = served.client.models.create_or_update(Model(name="bench", version="1", path=str(model)))
    for name, script in {"onnx": SCRIPT.read_text(), "pandas": PANDAS}.items():
        served.deploy(name, script, model=asset, request_settings=settings)
    return served, str(served.client.online_endpoints.get_keys(served.endpoint).primary_key)


SCRIPT = REPOSITORY / "src/fraud/serving/score.py"


def measure(servers: list[Server], rounds: int, seconds: float) -> None:
    """Ask each server in turn, in another order in each round; after a short warm-up."""
    for server in servers:
        *_, failed = asyncio.run(ask(server, 1, 0.5))
        if failed:
            sys.exit(f"{server.name} does not answer what it is asked: there is nothing to compare")
    for turn in range(rounds):
        for connections in CONNECTIONS:
            for server in random.Random(turn).sample(servers, len(servers)):
                found = asyncio.run(ask(server, connections, seconds))
                server.rounds.setdefault(connections, []).append(found)


def table(servers: list[Server]) -> str:
    """What came of it, for people."""
    lines = [f"{'':38}{'connections':>12}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}"]
    for connections in CONNECTIONS:
        for server in servers:
            rate, p50, p99, failed = server.median(connections)
            lines.append(f"{server.name:38}{connections:>12}{rate:>12,.0f}{p50:>9.2f}{p99:>9.2f}{failed:>8.0f}")
    return "\n".join(lines)


def verdicts(alone: Server, routed: Server, peer: Server) -> list[tuple[str, bool]]:
    """What is aimed at, and whether it was met."""
    by_itself, through, theirs = (server.median(1) for server in (alone, routed, peer))
    most = max(CONNECTIONS)
    kept = routed.median(most)[0] / alone.median(most)[0]
    adds = through[1] - by_itself[1]
    return [
        (f"the router adds {adds:.2f} ms at p50 over TLS (aim: at most 0.5)", adds <= 0.5),
        (f"it keeps {kept:.0%} of the requests/s at {most} connections (aim: at least 75 %)", kept >= 0.75),
        (f"{through[0] / theirs[0]:.1f} times mlflow models serve (aim: at least 4)", through[0] >= 4 * theirs[0]),
        (f"its p99 is {through[2] / theirs[2]:.2f} of theirs (aim: at most 0.33)", through[2] <= theirs[2] / 3),
    ]


def main() -> int:
    """Measure and print; 1 if an aim was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mlflow", type=Path, default=REPOSITORY / ".mlflow-serve")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    venv = options.mlflow.absolute()
    if not (venv / "bin" / "mlflow").exists():
        sys.stderr.write(SETUP.format(folder=options.mlflow))
        return 2
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = folder / "models" / "bench" / "1" / "model"
        model.parent.mkdir(parents=True)
        subprocess.run(
            [str(venv / "bin/python"), "-c", TRAIN, str(model), ",".join(FEATURES)], check=True, cwd=folder
        )
        row = dict(zip(FEATURES, [random.Random(0).gauss(0, 1)] * len(FEATURES), strict=True))
        ours = json.dumps({"data": [row]}).encode()
        theirs = json.dumps({"dataframe_split": {"columns": FEATURES, "data": [list(row.values())]}}).encode()
        for name in ("alone", "peer", "scripts"):
            (folder / name).mkdir()
        local = stack.enter_context(Emulator.at(folder / "home").running())
        stack.enter_context(local.addressed())
        trust = ssl.create_default_context(cafile=str(control.authority(local.home)))
        direct = stack.enter_context(alone(serve_python(), SCRIPT, model, folder / "alone"))
        other = stack.enter_context(peer(venv, model, folder / "peer"))
        served, key = deployed(local, model, folder / "scripts")
        scoring = str(served.get().scoring_uri)
        servers = [
            Server("azureml-inference-server-http alone", f"http://127.0.0.1:{direct}/score", ours),
            Server("the same through the router, TLS", scoring, ours, key, trust),
            Server("mlflow models serve", f"http://127.0.0.1:{other}/invocations", theirs),
            Server("a pandas script through the router", scoring, ours, key, trust),
        ]
        served.route(onnx=100)
        measure(servers[:3], options.rounds, options.seconds)
        served.route(pandas=100)
        measure(servers[3:], options.rounds, options.seconds)
    sys.stdout.write(table(servers) + "\n\n")
    found = verdicts(*servers[:3])
    for said, met in found:
        sys.stdout.write(f"{'met   ' if met else 'missed'}  {said}\n")
    return int(not all(met for _, met in found))


if __name__ == "__main__":
    sys.exit(main())
