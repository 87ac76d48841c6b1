"""Long-running operations: the answer at once, the work in a thread, the state under an address.

Each is written down with the resource that it is about, so that the next server goes on with those that a killed
one left. Azure sends no Retry-After and clients wait 30 s between polls; here it is 1 s, on purpose.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from .behaviour import Behaviour, Work
from .context import Context, Part
from .errors import NotFound, ServiceError
from .ids import PROVIDER, ResourceId, workspace_guid
from .requests import Call, answer
from .store import Body
from .types import Types

KIND = "operation"
NEVER = "0001-01-01T00:00:00+00:00"
FINISHED = ("Succeeded", "Failed", "Canceled")


class Operations(Part):
    """Begins operations, and goes on with them."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def start(self, id: ResourceId, work: Work) -> Body:
        """Begin work in a thread and return the operation. A ServiceError that it raises becomes its end."""
        name = f"{work.prefix}:{workspace_guid(id)}:{uuid.uuid4()}"
        path = f"/subscriptions/{id.subscription}/providers/{PROVIDER}/locations/local/mfeOperationsStatus/{name}"
        operation = {
            "id": path,
            "name": name,
            "startTime": self.context.clock.now(),
            "endTime": NEVER,
            "percentComplete": 0.0,
            "status": "Updating",
        }
        record = {**operation, "_resource": str(id), "_verb": work.verb, "_arguments": dict(work.arguments)}
        self.context.store.write(KIND, name, record)
        self.context.workers.submit(self._run, name, record)
        return operation

    def resume(self) -> None:
        for name, record in self.context.store.documents(KIND):
            if record["status"] not in FINISHED:
                self.context.workers.submit(self._run, name, record)

    def _run(self, name: str, record: Mapping[str, Any]) -> None:
        id, behaviour = self._about(record)
        try:
            hooks = {"PUT": behaviour.make, "DELETE": behaviour.remove, "POST": behaviour.act}
            hooks[record["_verb"]](self.context, id, record["_arguments"])
        except ServiceError as error:
            self._fail(name, record, error)
        except Exception as error:  # noqa: BLE001 - a defect here must end the operation, not hang its caller
            traceback.print_exc()
            self._fail(name, record, ServiceError(f"InternalServerError: {error}", code="InternalServerError"))
        else:
            self.context.store.update(KIND, name, _worked=True)
            self.state(name)

    def _about(self, record: Mapping[str, Any]) -> tuple[ResourceId, Behaviour]:
        id = ResourceId.parse(record["_resource"])
        if id is None:
            raise ValueError(f"the operation {record['name']} is about no resource: {record['_resource']}")
        return id, self.context.part(Types).of(id)

    def _fail(self, name: str, record: Mapping[str, Any], error: ServiceError) -> None:
        id, behaviour = self._about(record)
        behaviour.failed(self.context, id, error)
        problem = {"code": error.code, "message": error.message}
        end = self.context.clock.now()
        self.context.store.update(KIND, name, status="Failed", endTime=end, error=problem)

    def state(self, name: str) -> Body:
        """The operation as it is now. It ends once its work is done and what that began has settled."""
        record = self.context.store.read(KIND, name)
        if record is None:
            raise NotFound(f"There is no operation {name}.", inner=("NotFound",))
        if record.get("_worked") and record["status"] not in FINISHED:
            id, behaviour = self._about(record)
            if behaviour.settled(self.context, id):
                end = self.context.clock.now()
                record = self.context.store.update(KIND, name, status="Succeeded", endTime=end)
        return {key: value for key, value in record.items() if not key.startswith("_")}


def start(call: Call, id: ResourceId, work: Work, result: str = "") -> dict[str, str]:
    """Begin work and return the headers of the first answer. `result` is the address of what it makes."""
    operation = call.context.part(Operations).start(id, work)
    status = f"{call.context.base}{operation['id']}?api-version={call.parameter('api-version')}"
    addresses = {
        "Azure-AsyncOperation": status,
        "Location": result or status.replace("mfeOperationsStatus", "mfeOperationResults"),
    }
    announced = {name: addresses[name] for name in work.announced}
    return {**announced, "x-ms-async-operation-timeout": work.limit, "Retry-After": "1"}


def status(call: Call) -> Response:
    """GET …/mfeOperationsStatus/{name}: how far it is. …/mfeOperationResults/{name}: 202 until it has ended."""
    parts = call.path.rstrip("/").split("/")
    operation = call.context.part(Operations).state(parts[-1])
    if parts[-2].lower() == "mfeoperationsstatus":
        return answer(operation, headers={} if operation["status"] in FINISHED else {"Retry-After": "1"})
    if operation["status"] not in FINISHED:
        return answer({}, 202, {"Location": f"{call.context.base}{call.path}", "Retry-After": "1"})
    if "error" in operation:
        raise ServiceError(operation["error"]["message"], code=operation["error"]["code"], status=409)
    return Response(b"", 200)
