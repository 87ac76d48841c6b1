"""MLflow's own server, started in its own environment: mlflow_server.py DATABASE ARTIFACTS PORT-FILE PREFIX.

It listens on a free port of loopback, writes the port into the file, and ends when its standard input
closes: a server that is killed leaves no tracking server behind. The first line of its standard input is a
secret that each request must show, since any user of the machine reaches the port. One route is added to MLflow's:
it makes experiments and runs with the ids that Azure ML gives them (a job's run id is its name), which MLflow's
own interface cannot.
"""

import hmac
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

HEADER = "x-azureml-local"
"""The header that shows the secret."""
RUNS = "/azureml-local/runs"
"""The path of our own route, after the prefix."""


class Guarded:
    """An ASGI application that answers 403, with nothing in it, to whoever does not show the secret."""

    def __init__(self, app: Any, secret: bytes) -> None:
        self.app, self.secret = app, secret

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or self._is_shown(scope["headers"]):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _is_shown(self, headers: list[tuple[bytes, bytes]]) -> bool:
        shown = [value for name, value in headers if name == HEADER.encode()]
        return len(shown) == 1 and hmac.compare_digest(shown[0], self.secret)


def serve(secret: bytes, database: str, artifacts: str, port_file: str, prefix: str) -> None:
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{database}"
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = Path(artifacts).as_uri()
    os.environ["_MLFLOW_SGI_NAME"] = "uvicorn"
    os.environ["_MLFLOW_STATIC_PREFIX"] = prefix
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

    import uvicorn
    from flask import jsonify, request
    from mlflow.server import app as pages
    from mlflow.server.fastapi_app import app
    from mlflow.server.handlers import _get_tracking_store

    @pages.post(f"{prefix}{RUNS}")  # type: ignore[untyped-decorator]
    def put_runs() -> Any:
        store, runs = _get_tracking_store(), request.get_json()
        places = [run[name] for run in runs for name in ("artifact_uri", "experiment_artifacts")]
        if not all(_is_within(place, artifacts) for place in places):
            return jsonify({"message": "artifacts lie below the workspace's own folder"}), 400
        for run in runs:
            _put(store, run)
        return jsonify({})

    sock = socket.create_server(("127.0.0.1", 0))
    _get_tracking_store()  # makes the tables before anybody asks
    partial = Path(f"{port_file}.partial")
    partial.write_text(str(sock.getsockname()[1]))
    partial.replace(port_file)
    guarded = Guarded(app, secret)
    uvicorn.Server(uvicorn.Config(guarded, log_level="warning", access_log=False)).run(sockets=[sock])


def _is_within(uri: str, folder: str) -> bool:
    """True for the address of a file or folder below `folder`, or of `folder` itself, with links followed."""
    parts = urlsplit(uri)
    plain = parts.scheme == "file" and not (parts.netloc or parts.query or parts.fragment)
    return plain and Path(os.path.realpath(unquote(parts.path))).is_relative_to(os.path.realpath(folder))


def _put(store: Any, run: dict[str, Any]) -> None:
    """Make a run (and its experiment) or bring its status up to date."""
    from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlRun, SqlTag

    with store.ManagedSessionMaker(read_only=False) as session:
        number = int(run["experiment_id"])
        if session.get(SqlExperiment, number) is None:
            session.add(
                SqlExperiment(
                    experiment_id=number,
                    name=run["experiment"],
                    lifecycle_stage="active",
                    artifact_location=run["experiment_artifacts"],
                    creation_time=run["start_time"],
                    last_update_time=run["start_time"],
                )
            )
            session.flush()
        known = session.get(SqlRun, run["run_id"])
        if known is None:
            known = SqlRun(
                run_uuid=run["run_id"],
                experiment_id=number,
                artifact_uri=run["artifact_uri"],
                source_type="UNKNOWN",
                source_name="",
                entry_point_name="",
                source_version="",
                user_id="local user",
                lifecycle_stage="active",
                start_time=run["start_time"],
            )
            known.tags = [SqlTag(key=key, value=value) for key, value in run["tags"].items()]
            session.add(known)
            session.flush()
            if run["reused_run"]:
                _copy(session, run["reused_run"], run["run_id"])
        known.name = run["name"]
        known.status = run["status"]
        known.end_time = run["end_time"]


def _copy(session: Any, source: str, target: str) -> None:
    """Give a reused step the metrics and parameters of the run that it was reused from, as Azure ML does."""
    from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam

    for kind in (SqlParam, SqlMetric, SqlLatestMetric):
        names = [column.name for column in kind.__table__.columns if column.name != "run_uuid"]
        for row in session.query(kind).filter(kind.run_uuid == source):
            session.add(kind(run_uuid=target, **{name: getattr(row, name) for name in names}))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    shown = sys.stdin.buffer.readline().strip()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(shown, *sys.argv[1:5])
