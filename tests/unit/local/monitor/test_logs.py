"""Logs where time passes: what a diagnostic setting sends, and when it can be read; and queries against Python."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from azureml_local.arm.context import Context
from azureml_local.arm.ids import ResourceId, workspace_id
from azureml_local.arm.requests import Call
from azureml_local.endpoints.traffic import Traffic
from azureml_local.monitor import logs, spans
from azureml_local.monitor.logs import BEGIN
from tests.unit.local.monitor.test_traffic import ANSWER

TABLE = "AmlOnlineEndpointTrafficLog"
NUMBERS = itertools.count()


def endpoint(context: Context) -> ResourceId:
    made = workspace_id("s", "g", "w").child("onlineEndpoints", f"ep{next(NUMBERS)}")
    context.store.put(made, {"properties": {"provisioningState": "Succeeded"}})
    return made


def setting(context: Context, of: ResourceId, category: str = TABLE) -> None:
    """A diagnostic setting on an endpoint, made now."""
    group = ResourceId.parse("/subscriptions/s/resourceGroups/g")
    assert group
    context.store.put(group, {})
    values = {"workspaceId": "/w", "logs": [{"category": category, "enabled": True}]}
    id_ = of.extension("Microsoft.Insights", "diagnosticSettings", "to-logs")
    context.store.put(id_, {"properties": values, "systemData": context.system_data()})


def asked(context: Context, of: ResourceId, query: str, timespan: str = "") -> list[list[Any]]:
    body = {"query": query, **({"timespan": timespan} if timespan else {})}
    path = f"/v1/{of}/query"
    answered = logs.query(Call(context, "POST", path, "", Headers(), json.dumps(body).encode()))
    (table,) = json.loads(bytes(answered.body))["tables"]
    rows: list[list[Any]] = table["rows"]
    return rows


def test_the_first_lines_come_after_an_hour_and_with_what_came_meanwhile(context: Context) -> None:
    here = endpoint(context)
    record = context.part(Traffic).record
    record(here, "blue", **ANSWER)
    context.clock.move(1)
    setting(context, here)
    context.clock.move(1)
    record(here, "blue", **ANSWER)
    record(here, "blue", **ANSWER)
    assert asked(context, here, f"{TABLE} | count") == [[0]]
    context.clock.move(BEGIN)
    assert asked(context, here, f"{TABLE} | count") == [[2]]
    record(here, "blue", **ANSWER)
    assert asked(context, here, f"{TABLE} | count") == [[3]]
    assert asked(context, here, f"{TABLE} | count", "PT10M") == [[1]]


def test_a_setting_sends_what_it_names_of_its_own_endpoint(context: Context) -> None:
    here, other = endpoint(context), endpoint(context)
    setting(context, here, "AmlOnlineEndpointEventLog")
    setting(context, other)
    for each in (here, other):
        context.part(Traffic).record(each, "blue", **ANSWER)
    context.clock.move(BEGIN)
    assert asked(context, here, f"{TABLE} | count") == [[0]]
    assert asked(context, other, f"{TABLE} | count") == [[1]]


STATUSES = st.sampled_from([200, 400, 424, 429, 500])
ROWS = st.lists(st.tuples(st.sampled_from(["a", "A", "b'"]), STATUSES, st.floats(0, 100)), max_size=20)


@given(ROWS, st.floats(0, 100), st.booleans())
def test_a_query_is_what_it_says(context: Context, rows: Any, limit: float, negated: bool) -> None:
    here = endpoint(context)
    setting(context, here)
    for name, status, ms in rows:
        context.part(Traffic).record(here, name, **{**ANSWER, "status": status, "ms": ms})
    context.clock.move(BEGIN)
    sign = "!in" if negated else "in"
    query = f"""{TABLE} | where ResponseCode {sign} ('424', "429") or not(TotalDurationMs <= {limit:.4f})
        | summarize n = count(), slow = countif(TotalDurationMs > {limit:.4f}) by DeploymentName
        | where n > 0 | order by DeploymentName asc"""
    bound = float(f"{limit:.4f}")
    kept = [row for row in rows if ((row[1] in (424, 429)) != negated) or row[2] > bound]
    names = sorted({row[0] for row in kept})
    expected = [
        [name, sum(row[0] == name for row in kept), sum(row[0] == name and row[2] > bound for row in kept)]
        for name in names
    ]
    assert asked(context, here, query) == expected


@given(st.datetimes(min_value=spans.datetime(1971, 1, 1), max_value=spans.datetime(2200, 1, 1)))
def test_a_time_that_is_written_is_read_again(moment: Any) -> None:
    time = spans.moment(moment.isoformat())
    assert spans.written(spans.moment(spans.written(time))) == spans.written(time)
