"""Run records: what a job or a step is doing, did, and made. They outlive the server."""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from typing import Any

from ..arm.context import Context
from ..arm.ids import ResourceId, workspace_guid
from ..arm.states import Table, follows, terminal
from ..arm.store import Body
from ..storage.accounts import account
from .bell import Bell

ENDS = ("Completed", "Failed", "Canceled")
# A server that is killed leaves a run where it was; the next one begins with it anew, or goes on.
UNDER_WAY = ("Starting", "Preparing", "Queued", "Running", "Finalizing")
STATES: Table = {
    "NotStarted": (*UNDER_WAY, *ENDS),
    **dict.fromkeys(UNDER_WAY, (*UNDER_WAY, *ENDS)),
    **dict.fromkeys(ENDS, ()),
}
TERMINAL = terminal(STATES)


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
        moment = self.context.clock.now()
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
            "created": moment,
            "modified": moment,
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
        self.context.part(Bell).ring(self.workspace)

    def advance(self, status: str, **fields: Any) -> bool:
        """Move to a status. A run that has ended stays as it ended; False then."""
        with self.context.store.transaction():
            record, moment = self.record(), self.context.clock.now()
            if record["status"] in TERMINAL or not follows(STATES, record["status"], status):
                return False
            if status == "Running" and not record["started"]:
                fields.setdefault("started", moment)
            if status in TERMINAL:
                fields.setdefault("ended", moment)
                fields.setdefault("started", record["started"] or moment)
            self.context.store.update("run", self.key, status=status, modified=moment, **fields)
        self.context.part(Bell).ring(self.workspace)
        return True

    def note(self, **fields: Any) -> None:
        """Change fields of the record, whatever its status."""
        self.context.store.update("run", self.key, modified=self.context.clock.now(), **fields)

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


def records(context: Context, workspace: ResourceId | None = None) -> list[tuple[Run, Body]]:
    """Every run with its record, or those of a workspace, oldest first. One that cannot be read is reported."""
    found = []
    for key, record in context.store.documents("run"):
        place = ResourceId.parse(str(record.get("workspace", "")))
        if place is None or "run_id" not in record or "status" not in record:
            sys.stderr.write(f"the record of the run {key} cannot be read and is left out\n")
        elif workspace is None or place.key == workspace.key:
            found.append((Run(context, place, record["run_id"]), record))
    return found


def unfinished(context: Context, workspace: ResourceId | None = None) -> list[Run]:
    """The runs, steps too, that have not ended."""
    return [run for run, record in records(context, workspace) if record["status"] not in TERMINAL]
