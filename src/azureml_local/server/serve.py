"""Runs the server: `python -m azureml_local.server.serve --home FOLDER --port PORT [--allow RULE …]`."""

from __future__ import annotations

import argparse
import asyncio.constants
import fcntl
import os
import signal
import socket
import sys
from datetime import UTC, datetime

from ..arm.context import Context
from ..arm.errors import LocalError
from ..arm.signer import Signer
from ..arm.store import Store
from ..identity import certificates
from ..machine.home import Home, write_json
from ..parity import Parity

PORT_TAKEN = 3
"""Exit code when the port is in use."""
ALREADY_RUNS = 4
"""Exit code when another server has this home: two would write over each other."""


def build(home: Home, port: int, allowed: tuple[str, ...], endpoint_cores: int) -> Context:
    """The context of a server that is about to listen on `port`."""
    from ..endpoints.instances import Instances
    from ..jobs.runner import Runner
    from ..tracking.servers import TrackingServers

    context = Context(
        home=home,
        store=Store(home.database),
        parity=Parity(allowed),
        signer=Signer(home.secret("signing")),
        base=f"https://localhost:{port}",
        identity_header=home.secret("identity-header"),
        endpoint_cores=endpoint_cores,
    )
    context.runner = Runner(context)
    context.instances = Instances(context)
    context.tracking = TrackingServers(context)
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
        return _serve(options)
    except LocalError as error:
        sys.stderr.write(f"{error}; {error.hint}\n")
        return 2


def _serve(options: argparse.Namespace) -> int:
    Parity(tuple(options.allow))  # refuses a rule that there is not before anything is made
    import uvicorn

    from ..jobs.runner import stop_everything
    from .app import create

    home = Home.at(options.home)
    only = (home.root / "server.lock").open("w")
    try:
        fcntl.flock(only, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write(f"another server runs in {home.root} and does not answer\n")
        return ALREADY_RUNS
    sock = _listen(options.port)
    port = sock.getsockname()[1]
    certificate, key = certificates.ensure(home.certificates)
    certificates.bundle(home.certificates)
    context = build(home, port, tuple(options.allow), options.endpoint_cores)
    # A client that keeps its connection does not answer our good-bye: without this a stop takes three seconds.
    asyncio.constants.SSL_SHUTDOWN_TIMEOUT = 0.2
    config = uvicorn.Config(
        create(context),
        log_level="warning",
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    write_json(
        home.server_file,
        {
            "pid": os.getpid(),
            "port": port,
            "base": context.base,
            "allowed": sorted(context.parity.allowed),
            "started": datetime.now(UTC).isoformat(),
        },
    )
    context.instances.resume()
    context.runner.resume()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl+C at the person's terminal is for their command
    # uvicorn raises the signal again once it has ended: without a handler nothing below would be reached
    signal.signal(signal.SIGTERM, lambda *_: None)
    server.run(sockets=[sock])
    stop_everything(context)
    context.instances.stop_all()
    context.tracking.stop()
    context.workers.shutdown(wait=True, cancel_futures=True)
    context.store.close()
    home.server_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
