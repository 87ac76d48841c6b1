"""Starts azureml-inference-server-http in a deployment's own environment: inference.py PORT-FILE.

The server listens on all interfaces and has no option for it. Here it is handed a socket that listens on
loopback only, the way systemd hands one over. It ends when its standard input closes, so that a server
that is killed leaves no instance behind.
"""

import os
import signal
import socket
import sys
import threading
from pathlib import Path

FIRST_HANDED_OVER = 3  # the number at which systemd's protocol begins


def _end_with_parent() -> None:
    # Not sys.stdin.read: a worker that gunicorn forks could not end while this thread holds the reader's lock.
    while os.read(sys.stdin.fileno(), 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    port_file = Path(sys.argv.pop(1))
    sock = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = sock.getsockname()[1]
    if sock.fileno() != FIRST_HANDED_OVER:
        os.dup2(sock.fileno(), FIRST_HANDED_OVER)
    os.set_inheritable(FIRST_HANDED_OVER, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
    try:
        from azureml_inference_server_http import amlserver
    except ModuleNotFoundError:
        sys.exit("A required package azureml-inference-server-http is missing.")
    partial = Path(f"{port_file}.partial")
    partial.write_text(str(port))
    partial.replace(port_file)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    amlserver.DEFAULT_HOST = "127.0.0.1"
    sys.argv += ["--port", str(port), "--entry_script", os.environ["AZUREML_ENTRY_SCRIPT"]]
    amlserver.run()


if __name__ == "__main__":
    main()
