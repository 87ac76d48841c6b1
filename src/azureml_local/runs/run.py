"""Run records: what a job or a step is doing, did, and made. They outlive the server."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from ..arm.context import Context, now, workspace_guid
from ..arm.ids import ResourceId
from ..arm.store import Body
from ..storage.datastores import ARTIFACTS, account

TERMINAL = ("Completed", "Failed", "Canceled")


@dataclass(frozen=True)
class Run:
    """A handle on one run of a workspace; `record` reads what is known of it now."""

    context: Context
    workspace: ResourceId
    id: str

    @property
    def key(self) -> str:
        return f"{workspace_guid(self.workspace)}/{self.id}"

    def record(self) -> Body:
        """The record. Raises KeyError for a run that does not exist."""
        found = self.context.store.read("run", self.key)
        if found is None:
            raise KeyError(self.id)
        return found

    @property
    def exists(self) -> bool:
        return self.context.store.read("run", self.key) is not None

    def create(self, kind: str, *, parent: Run | None = None, **fields: Any) -> None:
        """Write the first record: status NotStarted unless `fields` say otherwise."""
        record: Body = {
            "run_id": self.id,
            "uuid": uuid.uuid4().hex,
            "workspace": str(self.workspace),
            "kind": kind,
            "parent": parent.id if parent else None,
            "root": parent.record()["root"] if parent else self.id,
            "status": "NotStarted",
            "display_name": self.id,
            "experiment": "Default",
            "created": now(),
            "modified": now(),
            "started": None,
            "ended": None,
            "error": None,
            "properties": {},
            "tags": {},
            "outputs": {},
            "artifacts": self.id,
            **fields,
        }
        parent_key = parent.key if parent else workspace_guid(self.workspace)
        self.context.store.write("run", self.key, record, parent_key)
        self.context.tracking.changed(self.workspace)

    def advance(self, status: str, **fields: Any) -> bool:
        """Move to a status. A run that has ended stays as it ended; False then."""
        with self.context.store.transaction():
            record = self.record()
            if record["status"] in TERMINAL:
                return False
            if status == "Running" and not record["started"]:
                fields.setdefault("started", now())
            if status in TERMINAL:
                fields.setdefault("ended", now())
                fields.setdefault("started", record["started"] or now())
            self.context.store.update("run", self.key, status=status, modified=now(), **fields)
        self.context.tracking.changed(self.workspace)
        return True

    def note(self, **fields: Any) -> None:
        """Change fields of the record, whatever its status."""
        self.context.store.update("run", self.key, modified=now(), **fields)

    @property
    def status(self) -> str:
        return str(self.record()["status"])

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL

    def children(self) -> list[Run]:
        found = self.context.store.documents("run", self.key)
        return [Run(self.context, self.workspace, record["run_id"]) for _, record in found]

    @property
    def artifacts(self) -> str:
        """`account/container/path` of what the run itself wrote: logs and ./outputs."""
        return f"{account(self.context, self.workspace)}/azureml/ExperimentRun/dcid.{self.record()['artifacts']}"

    @property
    def artifact_uri(self) -> str:
        """The address of the default output, spelled as the service spells it (without `paths`)."""
        return f"azureml://datastores/{ARTIFACTS}/ExperimentRun/dcid.{self.id}"


def unfinished(context: Context) -> list[Run]:
    """Jobs (not their steps) that had not ended when the last server did."""
    found = []
    for _, record in context.store.documents("run"):
        workspace = ResourceId.parse(record["workspace"])
        if record["parent"] is None and record["status"] not in TERMINAL and workspace:
            found.append(Run(context, workspace, record["run_id"]))
    return found
