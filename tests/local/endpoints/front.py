"""The door of scoring addresses without a server around it, and servers of a test's own in place of instances."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import Message

from azureml_local.access.decision import Access
from azureml_local.arm.context import Context
from azureml_local.arm.faults import Faults
from azureml_local.arm.ids import ResourceId, workspace_id
from azureml_local.arm.signer import Signer
from azureml_local.arm.store import Store
from azureml_local.endpoints.front import Scoring
from azureml_local.endpoints.group import Group, Instance
from azureml_local.endpoints.instances import Instances
from azureml_local.endpoints.router import Router
from azureml_local.endpoints.routes import KEYS
from azureml_local.endpoints.traffic import Traffic
from azureml_local.machine.clock import Clock
from azureml_local.machine.home import Home
from azureml_local.parity import Parity

ENDPOINT = workspace_id("s", "g", "w").child("onlineEndpoints", "e")
KEY = "the key"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]
"""What an instance does with a connection over which a request came, whose body it is given."""


async def ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
    """Answer with what was sent, and keep the connection."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


@dataclass(frozen=True)
class Caught:
    """What a caller got."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Front:
    """The door, with the endpoint `e`; the instances of its deployments are added by the test."""

    context: Context
    application: Scoring
    closing: contextlib.AsyncExitStack
    asked: list[bytes] = field(default_factory=list)
    """The bodies that instances were asked with."""
    groups: list[Group] = field(default_factory=list)

    def put(self, traffic: dict[str, int], mirror: dict[str, int] | None = None) -> None:
        """The endpoint, with its key."""
        values = {"authMode": "Key", "traffic": traffic, "mirrorTraffic": mirror or {}}
        self.context.store.put(ENDPOINT, {"properties": values})
        self.context.store.write(KEYS, ENDPOINT.key, {"primaryKey": KEY, "secondaryKey": "another"})

    async def deploy(self, name: str, *behaviours: Behaviour, limit: str = "PT5S", at_once: int = 100) -> Group:
        """A deployment with an instance for each of these."""
        settings = {"requestTimeout": limit, "maxConcurrentRequestsPerInstance": at_once}
        id = ENDPOINT.child("deployments", name)
        self.context.store.put(id, {"properties": {"requestSettings": settings}})
        group = await self.group(id, *behaviours)
        self.context.part(Instances).replace(group)
        return group

    async def group(self, id: ResourceId, *behaviours: Behaviour) -> Group:
        group = Group(id, self.context.home.deployments / "x", 60.0, 2**30)
        for number, behaviour in enumerate(behaviours):
            server = await asyncio.start_server(self._serving(behaviour), "127.0.0.1", 0)
            self.closing.callback(server.close)
            process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True)
            self.closing.callback(end, process)
            group.instances.append(Instance(process, server.sockets[0].getsockname()[1], f"i{number}"))
        self.groups.append(group)
        return group

    def _serving(self, behaviour: Behaviour) -> Callable[..., Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
                while not writer.is_closing():
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                    body = await reader.readexactly(length)
                    self.asked.append(body)
                    await behaviour(reader, writer, body)
                    await writer.drain()

        return serve

    async def ask(
        self,
        *parts: bytes,
        receive: Callable[[], Awaitable[Message]] | None = None,
        path: str = "/endpoints/e/score",
        method: str = "POST",
        **headers: str,
    ) -> Caught | None:
        """What is answered to a request whose body comes in these parts; None if nothing is."""
        sent: list[Message] = []
        left = list(parts) or [b""]

        async def come() -> Message:
            if not left:
                await asyncio.Event().wait()  # the caller stays
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        async def send(message: Message) -> None:
            sent.append(message)

        named = {"authorization": f"Bearer {KEY}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in named.items() if value]
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": raw,
            "query_string": b"",
        }
        await self.application(scope, receive or come, send)
        if not sent:
            return None
        start, *rest = sent
        back = {name.decode(): value.decode() for name, value in start["headers"]}
        return Caught(start["status"], back, b"".join(message["body"] for message in rest))

    def recorded(self) -> list[tuple[Any, ...]]:
        """(deployment, status, model's status, mirrored) of each request that was noted."""
        with self.context.part(Traffic).reading() as database:
            return database.execute(
                "SELECT name, status, model_status, mirrored FROM requests "
                "JOIN deployments ON deployments.number = deployment ORDER BY requests.rowid"
            ).fetchall()


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@contextlib.asynccontextmanager
async def front(folder: Path, *allow: str) -> AsyncIterator[Front]:
    """A door in a home of its own."""
    home, clock = Home.at(folder), Clock(0.0)
    store = Store(":memory:")
    context = Context(home, store, Parity(allow), Signer("secret", clock), clock, "https://localhost:1")
    for part in (Access(store), Faults(), Traffic(context), Instances(context)):
        context.add(part)
    router = context.add(Router(context))

    async def others(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})

    assert isinstance(router, Router)
    async with contextlib.AsyncExitStack() as closing:
        door = Front(context, Scoring(context, others), closing)
        door.put({"blue": 100})
        try:
            yield door
        finally:
            context.stop()
            for group in door.groups:
                for instance in group.instances:
                    for connection in list(instance.idle):
                        connection.abort()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
