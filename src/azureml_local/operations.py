"""Long-running operations: the answer at once, the work in a thread, the state under an address.

Azure sends no Retry-After and clients wait 30 s between polls; here it is 1 s, on purpose.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable

from starlette.responses import Response

from .context import Context, now, workspace_guid
from .errors import NotFound, ServiceError
from .ids import PROVIDER, ResourceId
from .requests import Call, answer
from .store import Body

NEVER = "0001-01-01T00:00:00+00:00"
FINISHED = ("Succeeded", "Failed", "Canceled")


def start(
    context: Context,
    id: ResourceId,  # noqa: A002
    prefix: str,
    work: Callable[[], None],
    failed: Callable[[ServiceError], None] | None = None,
) -> Body:
    """Begin `work` in a thread and return the operation. A ServiceError that it raises becomes its end."""
    name = f"{prefix}:{workspace_guid(id)}:{uuid.uuid4()}"
    path = f"/subscriptions/{id.subscription}/providers/{PROVIDER}/locations/local/mfeOperationsStatus/{name}"
    operation = {
        "id": path,
        "name": name,
        "startTime": now(),
        "endTime": NEVER,
        "percentComplete": 0.0,
        "status": "Updating",
    }
    context.store.write("operation", name, operation)

    def run() -> None:
        try:
            work()
        except ServiceError as error:
            end(error)
        except Exception as error:  # noqa: BLE001 - a defect here must end the operation, not hang its caller
            traceback.print_exc()
            end(ServiceError(f"InternalServerError: {error}", code="InternalServerError"))
        else:
            context.store.update("operation", name, status="Succeeded", endTime=now())

    def end(error: ServiceError) -> None:
        if failed:
            failed(error)
        problem = {"code": error.code, "message": error.message}
        context.store.update("operation", name, status="Failed", endTime=now(), error=problem)

    context.workers.submit(run)
    return operation


def headers(call: Call, operation: Body, location: str | None = None) -> dict[str, str]:
    """The headers of the first answer. `location` is where the result will be."""
    version = call.parameter("api-version")
    status = f"{call.context.base}{operation['id']}?api-version={version}"
    return {
        "Azure-AsyncOperation": status,
        "Location": location or status.replace("mfeOperationsStatus", "mfeOperationResults"),
        "x-ms-async-operation-timeout": "PT30M",
        "Retry-After": "1",
    }


def status(call: Call) -> Response:
    """GET …/mfeOperationsStatus/{name}: how far it is. …/mfeOperationResults/{name}: 202 until it has ended."""
    call.refuse_run()
    parts = call.path.rstrip("/").split("/")
    operation = call.context.store.read("operation", parts[-1])
    if operation is None:
        raise NotFound(f"There is no operation {parts[-1]}.", inner=("NotFound",))
    if parts[-2].lower() == "mfeoperationsstatus":
        return answer(operation, headers={} if operation["status"] in FINISHED else {"Retry-After": "1"})
    if operation["status"] not in FINISHED:
        return answer({}, 202, {"Location": f"{call.context.base}{call.path}", "Retry-After": "1"})
    return Response(b"", 200)
