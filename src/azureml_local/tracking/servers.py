"""One MLflow server a workspace, started when it is first needed, and kept up to date with the runs."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import secrets
import sqlite3
import subprocess
import threading
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from ..arm.context import Context, Part
from ..arm.errors import ServiceError
from ..arm.ids import ResourceId, workspace_guid
from ..machine import processes
from ..runs.bell import Bell
from ..runs.run import TERMINAL, Run, records
from ..runtimes.build import ensure
from ..runtimes.recipe import Recipe
from ..storage.accounts import account
from .mlflow_server import HEADER, RUNS

MLFLOW_SERVER = Path(__file__).with_name("mlflow_server.py")
LOCK = Path(__file__).with_name("requirements.txt")
START_LIMIT = 90.0
"""Seconds: the first start makes the tables."""
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Whatever proxy the environment names is none of a server of ours."""
STATUS = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED", "Running": "RUNNING"}


@dataclass(frozen=True)
class Server:
    """A running tracking server: `prefix` begins each of its paths, `secret` is asked of each request."""

    process: subprocess.Popen[bytes]
    address: str
    prefix: str
    secret: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What a request must show: any user of this machine reaches the port."""
        return {HEADER: self.secret}


def pages_prefix(workspace: ResourceId) -> str:
    """How the paths of a workspace's server begin: those of MLflow's pages, as the emulator serves them."""
    return f"/studio/mlflow/{workspace_guid(workspace)}"


class TrackingServers(Part):
    """The tracking servers of all workspaces."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._servers: dict[str, Server] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._dirty: set[str] = set()
        context.part(Bell).listen(self.changed)

    def server(self, workspace: ResourceId) -> Server:
        """The workspace's server, started now if need be, with every run in it. Raises ServiceError (503)."""
        with self._lock:
            lock = self._locks.setdefault(workspace_guid(workspace), threading.Lock())
        with lock:
            server = self._servers.get(workspace_guid(workspace))
            if server is None or server.process.poll() is not None:
                server = self._start(workspace)
                self._servers[workspace_guid(workspace)] = server
            self._bring_up_to_date(workspace, server)
        return server

    def page(self, workspace: ResourceId, run_id: str) -> str:
        """Where a person looks at a run: MLflow's page, reached through the emulator."""
        return f"{self.context.base}/studio/runs/{run_id}?wsid={workspace}"

    def step_uri(self, workspace: ResourceId) -> str:
        """MLFLOW_TRACKING_URI of a step (rule tracking-plugin). Plain mlflow needs no plugin for the other one."""
        if self.context.parity.holds("tracking-plugin"):
            return f"azureml://{self.context.host}/mlflow/v1.0{workspace}?"
        return f"{self.context.base}/mlflow/v1.0{workspace}"

    def experiment_id(self, workspace: ResourceId, name: str) -> str:
        """The id of an experiment: MLflow's where it has one of this name, else the one it will get."""
        rows = self._rows(workspace, "SELECT experiment_id FROM experiments WHERE name = ?", name)
        return str(rows[0][0] if rows else int(hashlib.sha256(name.encode()).hexdigest()[:12], 16))

    def metric(self, workspace: ResourceId, run_id: str, name: str) -> list[float]:
        """The values of a metric that a run has logged up to now, in the order in which they were logged."""
        statement = """
            SELECT value FROM metrics WHERE run_uuid = ? AND key = ? AND NOT is_nan ORDER BY timestamp, step, rowid
        """
        return [float(value) for (value,) in self._rows(workspace, statement, run_id, name)]

    def _rows(self, workspace: ResourceId, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What MLflow's tables hold; nothing where there are none yet."""
        database = self._database(workspace)
        if not database.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                if not str(error).startswith(("no such table", "no such column")):
                    raise
                return []  # they are being made, one migration after the other

    def changed(self, workspace: ResourceId) -> None:
        """A run was made or moved on: note that the server, if it runs, is behind."""
        self._dirty.add(workspace_guid(workspace))
        if workspace_guid(workspace) in self._servers:
            self.context.workers.submit(self.server, workspace)

    def end(self, workspace: ResourceId) -> None:
        """End the server of one workspace."""
        server = self._servers.pop(workspace_guid(workspace), None)
        if server:
            server.process.kill()
            server.process.wait()

    def stop(self) -> None:
        """End every tracking server."""
        for server in self._servers.values():
            server.process.kill()
            server.process.wait()
        self._servers.clear()

    def _folder(self, workspace: ResourceId) -> Path:
        return self.context.home.tracking / workspace_guid(workspace)

    def _database(self, workspace: ResourceId) -> Path:
        return self._folder(workspace) / "mlflow.db"

    def _artifacts(self, workspace: ResourceId) -> Path:
        return self.context.home.blobs / account(self.context, workspace) / "azureml" / "ExperimentRun"

    def _start(self, workspace: ResourceId) -> Server:
        environment = ensure(self.context.home.environments, tracking_recipe(), lambda line: None)
        folder, artifacts = self._folder(workspace), self._artifacts(workspace)
        for needed in (folder, artifacts):
            needed.mkdir(parents=True, exist_ok=True)
        port_file = folder / "port"
        port_file.unlink(missing_ok=True)
        log = self.context.home.logs / f"tracking-{workspace_guid(workspace)}.log"
        prefix, secret = pages_prefix(workspace), secrets.token_urlsafe(32)
        arguments = [str(self._database(workspace)), str(artifacts), str(port_file), prefix]
        process = processes.start(
            [str(environment.python), "-I", str(MLFLOW_SERVER), *arguments], log=log, cwd=folder, tied=True
        )
        with contextlib.suppress(BrokenPipeError):  # where it has ended already, which is seen below
            given = cast(IO[bytes], process.stdin)  # the arguments of a process are for every user to read
            given.write(f"{secret}\n".encode())
            given.flush()
        port = processes.port_of(process, port_file, START_LIMIT)
        if port is None:
            process.kill()
            raise ServiceError(f"The tracking server did not start; see {log}.", code="ServiceError", status=503)
        self._dirty.add(workspace_guid(workspace))
        return Server(process, f"http://127.0.0.1:{port}", prefix, secret)

    def _bring_up_to_date(self, workspace: ResourceId, server: Server) -> None:
        """Send the runs that the server does not know as they are now."""
        guid = workspace_guid(workspace)
        if guid not in self._dirty:
            return
        self._dirty.discard(guid)
        store, runs, states = self.context.store, [], {}
        for run, record in records(self.context, workspace.workspace):
            state = [record["status"], record["display_name"], record["ended"]]
            if record.get("tracked") != state:
                runs.append(self._as_mlflow(run, record))
                states[run.key] = state
        if runs:
            self._send(workspace, server, runs)
        for key, state in states.items():
            store.update("run", key, tracked=state)

    def _send(self, workspace: ResourceId, server: Server, runs: list[dict[str, Any]]) -> None:
        request = urllib.request.Request(  # noqa: S310 - the address is our own, on loopback
            f"{server.address}{server.prefix}{RUNS}",
            json.dumps(runs).encode(),
            {"Content-Type": "application/json", **server.headers},
        )
        try:
            with DIRECT.open(request, timeout=60):
                pass
        except (OSError, http.client.HTTPException) as error:
            self._dirty.add(workspace_guid(workspace))
            message = f"The tracking server of {workspace.name} does not take its runs ({error})."
            raise ServiceError(message, code="ServiceUnavailable", status=503) from error

    def _as_mlflow(self, run: Run, record: dict[str, Any]) -> dict[str, Any]:
        tags = {"mlflow.runName": record["display_name"], "mlflow.user": "local user", **record["tags"]}
        if record["parent"]:
            tags["mlflow.parentRunId"] = record["parent"]
        if record["parent"] and record["root"]:
            tags["mlflow.rootRunId"] = record["root"]
        artifacts = self._artifacts(run.workspace)
        return {
            "run_id": run.id,
            "experiment": record["experiment"],
            "experiment_id": self.experiment_id(run.workspace, record["experiment"]),
            "experiment_artifacts": artifacts.as_uri(),
            "artifact_uri": (artifacts / f"dcid.{record['artifacts']}").as_uri(),
            "name": record["display_name"],
            "reused_run": record["properties"].get("azureml.reusedrunid"),
            "tags": {key: str(value) for key, value in tags.items()},
            "status": STATUS.get(record["status"], "SCHEDULED"),
            "start_time": _milliseconds(record["started"] or record["created"]),
            "end_time": _milliseconds(record["ended"]) if record["status"] in TERMINAL else None,
        }


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def tracking_recipe() -> Recipe:
    """What the tracking server's environment holds."""
    return Recipe("", LOCK.read_text())
