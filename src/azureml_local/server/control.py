"""Start, stop and address the server of a home, from another process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlencode

from ..arm.signer import Signer
from ..identity import discovery
from ..identity.certificates import bundle
from ..machine import processes
from ..machine.errors import LocalError, PortTaken
from ..machine.home import LEADER, Home

DEFAULT_PORT = 10443
PORT_TAKEN = 3
"""Exit code of a server whose port is in use."""
ALREADY_RUNS = 4
"""Exit code of a server whose home another one has: two would write over each other."""
START_LIMIT = 30.0
STOP_LIMIT = 30.0
_started: dict[int, Popen[bytes]] = {}
"""The servers that this very process started, to take their ends."""


def status(home: Home) -> dict[str, Any] | None:
    """What the running server says of itself; None if none runs."""
    server = home.server()
    return server if server and _answers(home, server) else None


def _answers(home: Home, server: dict[str, Any]) -> bool:
    authority = home.certificates / "ca.pem"
    if not authority.exists():
        return False
    try:
        context = ssl.create_default_context(cafile=str(authority))
        with urllib.request.urlopen(f"{server['base']}/health", timeout=5, context=context):  # noqa: S310
            return True
    except (urllib.error.URLError, OSError):
        return False


def start(
    home: Home, port: int = DEFAULT_PORT, allow: tuple[str, ...] = (), endpoint_cores: int = 100
) -> dict[str, Any]:
    """Start the server unless it runs, and return what it says of itself. Raises LocalError.

    Several processes may ask at once: one starts it, the others find it.
    """
    with (home.root / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _start(home, port, allow, endpoint_cores)


def _start(home: Home, port: int, allow: tuple[str, ...], endpoint_cores: int) -> dict[str, Any]:
    running = status(home)
    if running:
        if set(allow) - set(running["allowed"]):
            raise LocalError(
                "the local Azure ML runs already, with other rules", "stop it first: mlops local stop"
            )
        return running
    log = home.logs / "server.log"
    command = [sys.executable, "-m", "azureml_local.server.serve", "--home", str(home.root), "--port", str(port)]
    command += ["--endpoint-cores", str(endpoint_cores)]
    for rule in allow:
        command += ["--allow", rule]
    _take_end(home.server())
    home.server_file.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    process = processes.start(command, log=log)
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        server = home.server()
        if server and server["pid"] == process.pid and _answers(home, server):
            _started[process.pid] = process
            return server
        if process.poll() is not None:
            said = (log.read_text(errors="replace").strip().splitlines() or ["no word of why"])[-1]
            if process.returncode == PORT_TAKEN:
                raise PortTaken(said, "choose another: mlops local start --port PORT")
            raise LocalError(f"the local Azure ML did not start: {said}", f"its log: {log}")
        time.sleep(0.02)
    process.kill()
    raise LocalError(f"the local Azure ML did not answer within {START_LIMIT:.0f} s", f"its log: {log}")


def stop(home: Home) -> bool:
    """End the server and everything that it started; False if none ran."""
    server = home.server()
    stopped = bool(server and _runs(server["pid"], home))
    if server and stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server["pid"], signal.SIGTERM)
        deadline = time.monotonic() + STOP_LIMIT
        while _runs(server["pid"], home) and time.monotonic() < deadline:
            time.sleep(0.02)
        if _runs(server["pid"], home):
            os.kill(server["pid"], signal.SIGKILL)
    _take_end(server)
    end_steps(home)
    home.server_file.unlink(missing_ok=True)
    return stopped


def _take_end(server: dict[str, Any] | None) -> None:
    process = _started.pop(server["pid"], None) if server else None
    if process:
        process.wait()


def end_steps(home: Home) -> None:
    """End the processes of steps. They outlive a server that was killed, on purpose; they do not outlive a stop.

    Tracking and serving processes need no such care: they end by themselves with the server.
    """
    for leader in home.runs.glob(f"*/{LEADER}"):
        processes.end_group_in(leader)


def reset(home: Home, *, built: bool = False) -> list[str]:
    """Stop, and remove everything that was made but the built environments (those too if `built`).

    The names of what is left because it is not ours.
    """
    stop(home)
    return home.clear(built=built)


def _runs(pid: int, home: Home) -> bool:
    """Whether the process with this number is the server of this home and no other program."""
    return processes.is_running(pid, "azureml_local.server.serve", str(home.root))


def variables(home: Home, environment: str = "") -> dict[str, str]:
    """The variables that point azure-ai-ml and DefaultAzureCredential of any script at the running server.

    With the name of a GitHub environment: as the identity that trusts it, by an assertion as a workflow has one.
    """
    server = status(home)
    if server is None:
        raise LocalError("the local Azure ML does not run", "start it: mlops local start")
    base = server["base"]
    authorities = str(bundle(home.certificates))
    exceptions = [name for name in os.environ.get("NO_PROXY", "").split(",") if name]
    no_proxy = ",".join(dict.fromkeys([*exceptions, "localhost", "127.0.0.1"]))
    return {
        **discovery.variables(base, authorities, home.secret("identity-header")),
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{base}/",
        **(_federated(home, base, environment) if environment else {}),
        "AZUREML_RUN_POLLING_INTERVAL_MAX": "2",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def _federated(home: Home, base: str, environment: str) -> dict[str, str]:
    """The variables of workload identity federation, with a fresh assertion in a file. Raises LocalError."""
    given = ask(home, f"/github/token?{urlencode({'environment': environment})}")
    if "value" not in given:
        known = ", ".join(given.get("environments") or ()) or "none: mlops infra apply makes them"
        raise LocalError(str(given["message"]), f"those that are trusted: {known}")
    folder = home.root / "federated"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / environment.replace("/", "-")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        target.write(given["value"])
    return {
        "AZURE_AUTHORITY_HOST": base,
        "AZURE_TENANT_ID": given["tenant_id"],
        "AZURE_CLIENT_ID": given["client_id"],
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
        "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential",
        # the identity of the person at this machine is none of this process's
        "IDENTITY_HEADER": "",
    }


def ask(home: Home, address: str, method: str = "GET", body: object = None) -> dict[str, Any]:
    """What the running server says to the person at this machine. Raises LocalError if none runs or it refuses."""
    server = status(home)
    if server is None:
        raise LocalError("the local Azure ML does not run", "start it: mlops local start")
    token, _ = Signer(home.secret("signing")).token(server["base"])
    headers = {"X-IDENTITY-HEADER": home.secret("identity-header"), "Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server['base']}{address}", data, headers, method=method)  # noqa: S310
    context = ssl.create_default_context(cafile=str(authority(home)))
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310
            content: dict[str, Any] = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        content = json.loads(error.read())
        if "error" in content:
            raise LocalError(content["error"]["message"]) from error
    return content


def login_link(home: Home) -> str:
    """The address of the pages. It works once, within minutes. Raises LocalError if no server runs."""
    given = ask(home, "/studio/link")
    if "link" not in given:
        raise LocalError(str(given.get("message", "the local Azure ML gives no link to its pages")))
    return str(given["link"])


def authority(home: Home) -> Path:
    """The certificate that a caller of an endpoint has to trust."""
    return home.certificates / "ca.pem"


def build(home: Home, folders: Mapping[str, Path], *, tracking: bool = False) -> Iterator[str]:
    """Build what is not built yet of these build contexts, by name; the names of what was. Raises LocalError."""
    from ..arm.errors import ServiceError
    from ..runtimes.build import BuildFailed, ensure
    from ..runtimes.recipe import from_docker
    from ..tracking.servers import tracking_recipe

    try:
        wanted = {name: from_docker(folder, "Dockerfile") for name, folder in folders.items()}
        for name, recipe in {**wanted, **({"tracking": tracking_recipe()} if tracking else {})}.items():
            said: list[str] = []
            ensure(home.environments, recipe, said.append)
            if said:
                yield name
    except (BuildFailed, ServiceError) as error:
        raise LocalError(f"the environment could not be built: {error}") from error
