"""What a kind of job is. A new one is a file beside `command.py` and a row in `types.py`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..arm.context import Context
from ..arm.errors import NotSupported
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body
from ..runs.run import Run
from ..steps.bindings import Value
from ..steps.step import End
from .graph import Node


@dataclass(frozen=True)
class NodeRun:
    """A node of a pipeline that is about to run as `run`, with its values resolved.

    `declared` are its outputs as they were declared, without names of this very run; `settings` the pipeline's.
    `completed` registers its named outputs, before its end is written down.
    """

    context: Context
    node: Node
    run: Run
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    declared: Mapping[str, Value]
    settings: Mapping[str, Any]
    cancelled: threading.Event
    completed: Callable[[], None]

    @property
    def forced(self) -> bool:
        """Whether every step is to be run, whatever ran before."""
        return str(self.settings.get("force_rerun", False)).lower() == "true"


class Kind(Protocol):
    """A kind of job: what is checked when it is put, and how it runs, by itself and as a node of a pipeline."""

    name: str
    """The jobType on the wire."""
    node: str
    """The type of a pipeline's node of this kind."""
    first: str
    """The status that the service answers right after the PUT."""
    record: str
    """What a run of such a node is called in run records."""
    rights: tuple[str, ...]
    """Actions on the workspace that a submission asks for besides jobs/write."""

    def check(self, call: Call, id: ResourceId, values: Body) -> None:
        """Raises ServiceError for a job that the service refuses."""

    def properties(self, values: Body) -> dict[str, str]:
        """What the service writes into the properties of a new job."""

    def tags(self, values: Body) -> dict[str, str]:
        """What the service writes into the tags of a new job."""

    def run(self, context: Context, run: Run, job: Body, cancelled: threading.Event) -> End:
        """Run a job to its end, and write that into its record."""

    def run_node(self, asked: NodeRun) -> End:
        """Run a node of a pipeline to its end, and write that into its record."""


class Kinds:
    """The kinds that a server has."""

    def __init__(self, rows: Iterable[Kind]) -> None:
        rows = tuple(rows)
        self._by_name = {kind.name: kind for kind in rows}
        self._by_node = {kind.node: kind for kind in rows}

    def of(self, name: object) -> Kind:
        """The kind with this jobType. Raises NotSupported."""
        if name not in self._by_name:
            raise NotSupported(f"jobs of type {name}")
        return self._by_name[str(name)]

    def of_node(self, node: Node) -> Kind:
        """The kind of a pipeline's node. Raises NotSupported."""
        if node.type not in self._by_node:
            raise NotSupported(f"pipeline nodes of type {node.type} (node {node.name})")
        return self._by_node[node.type]
