"""Distributed jobs: one command in several processes, each told its place among them.

On this machine every process of every instance runs here. What each is told: learn.microsoft.com,
how-to-train-distributed-gpu; the names of their logs: public notes of such jobs, 2022 to 2026.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from ..arm.errors import BadRequest, NotSupported

HOST = "127.0.0.1"
KINDS = {"pytorch": "PyTorch", "mpi": "Mpi", "tensorflow": "TensorFlow"}
COUNT = {"pytorch": "processCountPerInstance", "mpi": "processCountPerInstance", "tensorflow": "workerCount"}
"""What each kind calls its number of processes: of an instance, or of workers in all."""
MOST = 64
"""Processes that one job may have here: each is a process of this machine."""


@dataclass(frozen=True)
class Distribution:
    """`kind` is the framework that tells the processes of each other: pytorch, mpi or tensorflow."""

    kind: str
    instances: int
    processes: int
    """Of one instance."""

    @property
    def size(self) -> int:
        """How many processes there are in all."""
        return self.instances * self.processes

    def document(self) -> dict[str, Any]:
        """What tells it from another one."""
        return asdict(self)

    def as_job(self) -> dict[str, Any]:
        """As a job asks for it, in the form of Azure Resource Manager; `read` understands it."""
        asked = {"distributionType": KINDS[self.kind], COUNT[self.kind]: self.processes}
        return {"distribution": asked, "resources": {"instanceCount": self.instances}}


def read(distribution: Mapping[str, Any] | None, resources: Mapping[str, Any] | None) -> Distribution | None:
    """What a job or a node asks for, in either form of the wire; None where it is one process.

    Raises BadRequest for numbers that are none, NotSupported for a kind that this machine has not.
    """
    asked = {key.replace("_", "").lower(): value for key, value in (distribution or {}).items()}
    if not asked:
        return None
    kind = str(asked.get("distributiontype") or asked.get("type") or "").lower()
    nodes = {key.replace("_", "").lower(): value for key, value in (resources or {}).items()}
    instances = _count("instanceCount", nodes.get("instancecount"))
    if kind == "tensorflow":
        if asked.get("parameterservercount"):
            raise NotSupported("parameter servers of a TensorFlow distribution")
        # its workers are counted over all instances
        found = Distribution(kind, 1, _count(COUNT[kind], asked.get("workercount") or instances))
    elif kind in KINDS:
        found = Distribution(kind, instances, _count(COUNT[kind], asked.get("processcountperinstance")))
    else:
        raise NotSupported(f"a distribution of type {kind or 'none'}")
    if found.size > MOST:
        raise BadRequest(f"The job asks for {found.size} processes; the local Azure ML starts {MOST} at most.")
    return found


def _count(name: str, value: Any) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not str(value).isdigit() or int(value) < 1:
        raise BadRequest(f"The {name} must be a positive integer, it is {value!r}.")
    return int(value)


def log_of(log: str, rank: int) -> str:
    """The name of the log of one of several processes: std_log.txt is that of a job with one."""
    return log.replace("std_log.txt", f"std_log_process_{rank}.txt")


def variables(found: Distribution) -> Iterator[dict[str, str]]:
    """What each process is told beside what all are told, in the order of their ranks."""
    ports = _free_ports(found.size)
    for rank in range(found.size):
        yield {name: str(value) for name, value in TELL[found.kind](found, rank, ports).items()}


def _pytorch(found: Distribution, rank: int, ports: list[int]) -> dict[str, str | int]:
    node, local = divmod(rank, found.processes)
    return {
        "MASTER_ADDR": HOST,
        "RANK": rank,
        "WORLD_SIZE": found.size,
        "LOCAL_RANK": local,
        "LOCAL_WORLD_SIZE": found.processes,
        "NODE_RANK": node,
        "MASTER_PORT": ports[0],
    }


def _mpi(found: Distribution, rank: int, ports: list[int]) -> dict[str, str | int]:
    node, local = divmod(rank, found.processes)
    return {
        "AZ_BATCHAI_MPI_MASTER_NODE": HOST,
        "OMPI_COMM_WORLD_RANK": rank,
        "OMPI_COMM_WORLD_SIZE": found.size,
        "OMPI_COMM_WORLD_LOCAL_RANK": local,
        "OMPI_COMM_WORLD_LOCAL_SIZE": found.processes,
        "OMPI_UNIVERSE_SIZE": found.size,
        "OMPI_COMM_WORLD_NODE_RANK": node,
        "AZ_BATCHAI_MPI_MASTER_PORT": ports[0],
    }


def _tensorflow(found: Distribution, rank: int, ports: list[int]) -> dict[str, str | int]:
    workers = [f"{HOST}:{port}" for port in ports]
    return {"TF_CONFIG": json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": rank}})}


TELL: Mapping[str, Callable[[Distribution, int, list[int]], dict[str, str | int]]] = {
    "pytorch": _pytorch,
    "mpi": _mpi,
    "tensorflow": _tensorflow,
}


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:  # all at once, so that no two are the same
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]
