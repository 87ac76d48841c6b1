"""MLflow's own server, started in its own environment: application.py DATABASE ARTIFACTS PORT-FILE.

It listens on a free port of loopback, writes the port into the file, and ends when its standard input
closes: a server that is killed leaves no tracking server behind. One route is added to MLflow's: it makes
experiments and runs with the ids that Azure ML gives them (a job's run id is its name), which MLflow's
own interface cannot.
"""

import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any


def serve(database: str, artifacts: str, port_file: str) -> None:
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{database}"
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = Path(artifacts).as_uri()
    os.environ["_MLFLOW_SGI_NAME"] = "uvicorn"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

    import uvicorn
    from flask import jsonify, request
    from mlflow.server import app as pages
    from mlflow.server.fastapi_app import app
    from mlflow.server.handlers import _get_tracking_store

    @pages.post("/azureml-local/runs")  # type: ignore[untyped-decorator]
    def put_runs() -> Any:
        store = _get_tracking_store()
        for run in request.get_json():
            _put(store, run)
        return jsonify({})

    sock = socket.create_server(("127.0.0.1", 0))
    _get_tracking_store()  # makes the tables before anybody asks
    partial = Path(f"{port_file}.partial")
    partial.write_text(str(sock.getsockname()[1]))
    partial.replace(port_file)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[sock])


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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(*sys.argv[1:4])
