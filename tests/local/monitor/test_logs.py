"""Logs of endpoints, asked by the unmodified client, after requests that were really answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.emulator import wait_for
from tests.local.monitor.asking import logs, now
from tests.local.serving import Serving

TRAFFIC = "AmlOnlineEndpointTrafficLog"
EVENTS = "AmlOnlineEndpointEventLog"
BODIES = ({"x": 1}, {"x": 2}, {"status": 400}, {"status": 503}, {"raise": "bad luck"}, {"x": 3})


@pytest.fixture(scope="module")
def since(_lenient_serving: Serving) -> Any:
    served = _lenient_serving
    with served.emulator.addressed():
        key = served.client.online_endpoints.get_keys(served.endpoint).primary_key
        began = now(served)
        for body in BODIES:
            served.score(body, key=key)
    return began


def rows(served: Serving, query: str, since: Any, **more: Any) -> list[dict[str, Any]]:
    (table,) = logs(served, query, since, **more).tables
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_every_request_is_a_line(lenient_serving: Serving, since: Any) -> None:
    found = rows(lenient_serving, f"{TRAFFIC} | order by TimeGenerated asc", since)
    assert [row["ResponseCode"] for row in found] == ["200", "200", "400", "503", "500", "200"]
    first = found[0]
    assert (first["EndpointName"], first["DeploymentName"]) == (lenient_serving.endpoint, "blue")
    assert since <= first["TimeGenerated"] <= now(lenient_serving)
    assert first["TotalDurationMs"] > 0
    assert first["_ResourceId"] == lenient_serving.id.lower()
    assert first["RequestPayloadSize"] == len('{"x":1}')
    assert len({row["XRequestId"] for row in found}) == len(BODIES)


def test_a_summary_of_them(lenient_serving: Serving, since: Any) -> None:
    query = f"""{TRAFFIC}
    | where TimeGenerated between (datetime({since.isoformat()}) .. 1h) and DeploymentName == 'blue'
    | summarize Requests = count(), Errors = countif(toint(ResponseCode) >= 500), percentile(TotalDurationMs, 50)
        by DeploymentName // and nothing else
    """
    (found,) = rows(lenient_serving, query, since)
    took = [row["TotalDurationMs"] for row in rows(lenient_serving, f"{TRAFFIC} | project TotalDurationMs", since)]
    assert (found["Requests"], found["Errors"]) == (len(BODIES), 2)
    assert found["percentile_TotalDurationMs_50"] == np.percentile(took, 50, method="nearest")


def test_the_groups_of_a_summary_add_up_to_the_whole(lenient_serving: Serving, since: Any) -> None:
    by_code = rows(
        lenient_serving, f"{TRAFFIC} | summarize count() by ResponseCode, bin(TimeGenerated, 1h)", since
    )
    assert sum(row["count_"] for row in by_code) == len(BODIES)
    (whole,) = rows(lenient_serving, f"{TRAFFIC} | count", since)
    assert whole == {"Count": len(BODIES)}


def test_the_workspace_has_the_lines_of_its_endpoints(lenient_serving: Serving, since: Any) -> None:
    workspace = lenient_serving.id.partition("/onlineEndpoints/")[0]
    query = f"{TRAFFIC} | where EndpointName == '{lenient_serving.endpoint}' | take 2"
    assert len(rows(lenient_serving, query, since, resource=workspace)) == 2


def test_an_instance_that_is_started_again_says_so(lenient_serving: Serving) -> None:
    began = now(lenient_serving)
    lenient_serving.score({"kill": True})
    query = f"{EVENTS} | where DeploymentName == 'blue' | order by TimeGenerated asc | project Name, InstanceId"
    found = wait_for(lambda: _two(rows(lenient_serving, query, began)), "the instance to be started again")
    assert [row["Name"] for row in found] == ["BackOff", "Started"]
    assert len({row["InstanceId"] for row in found}) == 1


def _two(found: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    return found if len(found) == 2 else None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"{TRAFFIC} | where ResponseCode >= 500", "Cannot compare values of types string and long"),
        (f"{TRAFFIC} | where Status == '500'", "Failed to resolve column or scalar expression named 'Status'"),
        ("AmlOnlineEndpointTrafficLogs | take 1", "named 'AmlOnlineEndpointTrafficLogs'"),
        (f"{EVENTS} | where EndpointName == 'e'", "named 'EndpointName'"),
        (f"{TRAFFIC} | where count() > 1", "Unknown function: 'count'"),
        (f"{TRAFFIC} | where ResponseCode ==", "could not be parsed at 'the end of the query'"),
        (f"{TRAFFIC} | where ResponseCode == '200'; drop table requests", "could not be parsed at ';'"),
        (f"{TRAFFIC} | summarize ResponseCode by DeploymentName", "aggregates stand before 'by'"),
        (f"{TRAFFIC} | where TotalDurationMs", "a condition must be a bool"),
    ],
)
def test_what_the_service_refuses(lenient_serving: Serving, query: str, said: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        logs(lenient_serving, query)
    assert refused.value.status_code == 400
    assert said in refused.value.model.message  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (f"{TRAFFIC} | join {EVENTS} on DeploymentName", "the operator join"),
        (f"{TRAFFIC} | where strcat(DeploymentName, 'x') == 'bluex'", "the function strcat"),
        (f"{TRAFFIC} | where TotalDurationMs > -1", "'-' in a query"),
        (f"{TRAFFIC} | where UserAgent == 'x'", "the column UserAgent"),
        ("AmlOnlineEndpointConsoleLog | take 1", "queries of AmlOnlineEndpointConsoleLog"),
    ],
)
def test_what_is_not_here_is_named(lenient_serving: Serving, query: str, named: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match=named) as refused:
        logs(lenient_serving, query)
    assert refused.value.status_code == 501
