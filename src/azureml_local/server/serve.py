"""Runs the server: `python -m azureml_local.server.serve --home FOLDER --port PORT [--allow RULE …]`."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import sys
from datetime import UTC, datetime

import uvicorn

from ..access.decision import Access
from ..arm.context import Context
from ..arm.faults import Faults
from ..arm.operations import Operations
from ..arm.signer import Signer
from ..arm.store import Store
from ..arm.types import Types
from ..arm.upstream import Upstream
from ..endpoints.gauges import Gauges
from ..endpoints.instances import Instances
from ..endpoints.quota import Quota
from ..endpoints.router import Router
from ..endpoints.traffic import Traffic
from ..identity import certificates
from ..identity.sessions import Sessions
from ..jobs.runner import Runner
from ..jobs.types import KINDS
from ..machine.clock import Clock
from ..machine.errors import LocalError
from ..machine.home import Home, write_json
from ..parity import Parity, UnknownRule
from ..runs.bell import Bell
from ..steps.slots import Slots
from ..tracking.servers import TrackingServers
from . import loop
from .app import create
from .control import ALREADY_RUNS, PORT_TAKEN
from .steering import CLOCK
from .types import ROWS


def build(home: Home, port: int, parity: Parity, endpoint_cores: int) -> Context:
    """The context of a server that is about to listen on `port`, with all its parts."""
    store = Store(home.database)
    clock = Clock((store.read(CLOCK, "") or {}).get("ahead", 0.0))
    signer = Signer(home.secret("signing"))
    context = Context(home, store, parity, signer, clock, base=f"https://localhost:{port}")
    for part in (
        Types(ROWS),
        Access(store),
        Bell(),
        Upstream(),
        Sessions(),
        Faults(),
        Slots(),
        Quota(endpoint_cores),
    ):
        context.add(part)
    # they are resumed in this order: what serves, what runs, what was under way
    context.add(Traffic(context))
    context.add(TrackingServers(context))
    context.add(Instances(context))
    context.add(Gauges(context))
    context.add(Router(context))
    context.add(Runner(context, KINDS))
    context.add(Operations(context))
    return context


def _listen(port: int) -> socket.socket:
    try:
        listening = socket.create_server(("127.0.0.1", port), backlog=512)
        # asyncio sets this for sockets that say that they are TCP, which these do not: without it the body of an
        # answer waits 40 ms for the client's acknowledgement of its headers. Connections inherit it.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        sys.stderr.write(f"port {port} of 127.0.0.1 is taken ({os.strerror(error.errno or 0)})\n")
        sys.exit(PORT_TAKEN)


def main(arguments: list[str] | None = None) -> int:
    """Listen until SIGTERM; then end everything that was started."""
    parser = argparse.ArgumentParser(prog="azureml_local")
    parser.add_argument("--home", required=True)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--allow", action="append", default=[], metavar="RULE")
    parser.add_argument("--endpoint-cores", type=int, default=100, help="quota of online deployments")
    options = parser.parse_args(arguments)
    try:
        parity = Parity(tuple(options.allow))
        home = Home.at(options.home)
    except UnknownRule as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except LocalError as error:
        sys.stderr.write(f"{error}; {error.hint}\n")
        return 2
    with (home.root / "server.lock").open("w") as only:
        try:
            fcntl.flock(only, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"another server runs in {home.root} and does not answer\n")
            return ALREADY_RUNS
        _serve(home, options.port, parity, options.endpoint_cores)
    return 0


def _serve(home: Home, port: int, parity: Parity, endpoint_cores: int) -> None:
    """Serve a home that no other server has, until SIGTERM."""
    sock = _listen(port)
    port = sock.getsockname()[1]
    certificate, key = certificates.ensure(home.certificates)
    certificates.bundle(home.certificates)
    context = build(home, port, parity, endpoint_cores)
    config = uvicorn.Config(
        create(context),
        log_level="warning",
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        server_header=False,
        loop=f"{loop.__name__}:{loop.new.__name__}",
        timeout_graceful_shutdown=3,
    )
    said = {
        "pid": os.getpid(),
        "port": port,
        "base": context.base,
        "allowed": sorted(parity.allowed),
        "started": datetime.now(UTC).isoformat(),
    }
    write_json(home.server_file, said)
    context.resume()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl+C at the person's terminal is for their command
    # uvicorn raises the signal again once it has ended: without a handler nothing below would be reached
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.Server(config).run(sockets=[sock])
    context.stop()
    home.server_file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
