"""Logs of endpoints as Log Analytics answers them: one query of one resource's logs."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from ..access.decision import Need
from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import ArmError, NotSupported
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..arm.store import Resource
from ..endpoints.traffic import Traffic
from . import kusto, spans
from .lexer import NotKusto
from .tables import Table

ADDRESS = re.compile(r"^/v1/+(?P<resource>subscriptions/.+)/query$", re.I)
OF_WORKSPACE = re.compile(r"^/v1/(workspaces/[^/]+/query|\$batch)$", re.I)
SETTINGS = "Microsoft.Insights/diagnosticSettings"
BEGIN = 3600.0
"""Seconds until the first lines of a new diagnostic setting can be read: "up to an hour"."""


def needs(call: Call) -> Iterable[Need]:
    """A resource's own logs are read with a right on the resource, table by table."""
    name, _ = kusto.table_of(_query(call))
    return [Need((f"Microsoft.Insights/logs/{name}/read",), str(_resource(call)))]


def query(call: Call) -> Response:
    """POST /v1/RESOURCE/query, of azure-monitor-query."""
    context, text = call.context, _query(call)
    if call.body.get("workspaces"):
        raise NotSupported("queries of the logs of several workspaces")
    _, table = kusto.table_of(text)
    now = context.clock.time()
    start, end = _span(call, now)
    statement = kusto.translate(text, now)
    seen = _seen(context, _resource(call), table, now)
    with context.part(Traffic).reading() as connection:
        _fill(connection, table, seen, (start, end))
        rows = connection.execute(statement.sql, statement.values).fetchall()
    kinds = list(statement.columns.values())
    columns = [{"name": column, "type": kind} for column, kind in statement.columns.items()]
    shown = [[_shown(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows]
    return answer({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": shown}]})


def of_workspace(call: Call) -> Response:
    """What the SDK asks of a Log Analytics workspace: whose id nothing here has."""
    raise NotSupported(f"{call.method} {call.path}: ask the endpoint's own logs (query_resource)")


def _query(call: Call) -> str:
    text = call.body.get("query")
    if not isinstance(text, str) or not text.strip():
        raise NotKusto("SYN0001", "The query is missing")
    return text


def _span(call: Call, now: float) -> tuple[float, float]:
    """The times between which rows lie, both included; without a `timespan` the query alone decides."""
    text = call.body.get("timespan")
    return spans.span(text, now) if text else (0.0, math.inf)


def _resource(call: Call) -> ResourceId:
    found = ADDRESS.match(call.path)
    resource = ResourceId.parse(found["resource"]) if found else None
    if resource is None or resource.tail:
        raise ArmError("PathNotFoundError", f"{call.path} names no resource.", 404)
    return resource


def _seen(context: Context, scope: ResourceId, table: Table, now: float) -> list[tuple[str, float]]:
    """The endpoints in a scope whose lines can be read, with the time from which on.

    Only what a diagnostic setting on the endpoint sends is kept at all (rule log-setting), and the first of it is
    there after a while (rule log-delay).
    """
    found = []
    for endpoint in context.store.of_type("workspaces/onlineEndpoints"):
        if not f"{endpoint.id.key}/".startswith(f"{scope.key}/"):
            continue
        if not context.parity.holds("log-setting"):
            found.append((endpoint.id.key, 0.0))
            continue
        begun = [_made(each) for each in _settings(context, endpoint) if _sends(each, table)]
        late = BEGIN if context.parity.holds("log-delay") else 0.0
        if begun and now >= min(begun) + late:
            found.append((endpoint.id.key, min(begun)))
    return found


def _settings(context: Context, endpoint: Resource) -> list[Resource]:
    return [each for each in context.store.of_type(SETTINGS) if each.id.scope.lower() == endpoint.id.key]


def _sends(setting: Resource, table: Table) -> bool:
    """Whether a diagnostic setting sends a table's lines to a Log Analytics workspace."""
    values = properties(setting)
    return bool(values.get("workspaceId")) and any(
        each.get("enabled") and (each.get("category") == table.category or each.get("categoryGroup") == "allLogs")
        for each in values.get("logs") or ()
    )


def _made(setting: Resource) -> float:
    return spans.moment(str(setting.body["systemData"]["createdAt"]))


def _fill(
    connection: sqlite3.Connection, table: Table, seen: list[tuple[str, float]], span: tuple[float, float]
) -> None:
    """Make `source`: the rows of the endpoints that can be seen, in the time that is asked about."""
    connection.create_function("whole", 1, _whole, deterministic=True)
    connection.create_function("number", 1, _number, deterministic=True)
    connection.execute(
        "CREATE TEMP TABLE seen (endpoint TEXT PRIMARY KEY, since REAL NOT NULL, start REAL, end REAL)"
    )
    connection.executemany("INSERT INTO seen VALUES (?, ?, ?, ?)", [(*each, *span) for each in seen])
    connection.execute(
        f"CREATE TEMP VIEW source AS SELECT {table.rows}.*, d.endpoint, d.endpoint_name, "  # noqa: S608 - tables
        f"d.name AS deployment_name FROM seen JOIN deployments d ON d.endpoint = seen.endpoint "
        f"JOIN {table.rows} ON deployment = number WHERE time >= since AND time >= start AND time <= end"
    )


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and math.isfinite(number) else None


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _shown(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "datetime":
        return spans.written(value)
    return bool(value) if kind == "bool" else value
