"""Metrics of endpoints, asked by the unmodified client, after requests that were really answered."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.local.arm import Arm
from tests.local.monitor.asking import MINUTE, metrics, now
from tests.local.serving import Serving

HOUR = timedelta(hours=1)
REQUESTS = ({"x": 1}, {"x": 2}, {"status": 400}, {"status": 503}, {"raise": "bad luck"}, {"x": 3})
SEEN = Counter({("200", "200"): 3, ("424", "400"): 1, ("424", "503"): 1, ("424", "500"): 1})


@pytest.fixture(scope="module")
def asked(serving: Serving) -> Any:
    """A moment, and the requests since: three good ones, three that the model fails."""
    key = serving.client.online_endpoints.get_keys(serving.endpoint).primary_key
    since = now(serving)
    for body in REQUESTS:
        serving.score(body, key=key)
    return since


def total(series: Any) -> float:
    return sum(point.average for point in series.data if point.average is not None)


def test_requests_by_status_and_model_status(serving: Serving, asked: Any) -> None:
    wanted = "deployment eq 'blue' and statusCode eq '*' and modelStatusCode eq '*'"
    metric = metrics(serving, "RequestsPerMinute", asked, filter=wanted)
    found = {
        (each.metadata_values["statuscode"], each.metadata_values["modelstatuscode"]): total(each)
        for each in metric.timeseries
    }
    assert found == SEEN
    assert metric.unit == "Count"


@pytest.mark.parametrize("dimension", ["deployment", "statusCode", "statusCodeClass", "modelStatusCode"])
def test_the_values_of_a_dimension_add_up_to_the_whole(serving: Serving, asked: Any, dimension: str) -> None:
    (whole,) = metrics(serving, "RequestsPerMinute", asked).timeseries
    parts = metrics(serving, "RequestsPerMinute", asked, filter=f"{dimension} eq '*'").timeseries
    assert sum(map(total, parts)) == total(whole) == len(REQUESTS)
    (again,) = metrics(
        serving, "RequestsPerMinute", asked, filter=f"{dimension} eq '*'", roll_up_by=dimension
    ).timeseries
    assert (total(again), again.metadata_values) == (len(REQUESTS), {})


def test_latency_by_deployment_and_where_nothing_was_asked(serving: Serving, asked: Any) -> None:
    (blue,) = metrics(serving, "RequestLatency_P99", asked, filter="deployment eq 'BLUE'").timeseries
    assert blue.metadata_values == {"deployment": "blue"}
    assert max(point.average for point in blue.data if point.average is not None) > 0
    assert metrics(serving, "RequestLatency_P99", asked, filter="deployment eq 'green'").timeseries == []
    before = metrics(serving, "RequestsPerMinute", asked - HOUR, until=asked - MINUTE, filter="deployment sw 'no'")
    assert before.timeseries == []


def test_a_minute_without_requests_has_no_value(serving: Serving, asked: Any) -> None:
    """It is not zero: nobody knows that there were none."""
    late = metrics(serving, "RequestsPerMinute", asked, until=asked + MINUTE * 3, aggregations=["total", "count"])
    (series,) = late.timeseries
    assert [(point.total, point.count, point.average) for point in series.data][1:] == [(None, None, None)] * 2


def test_only_ten_series_are_given_unless_more_are_asked_for(serving: Serving, asked: Any) -> None:
    wanted = "statusCode eq '*' and modelStatusCode eq '*'"
    found = metrics(serving, "RequestsPerMinute", asked, filter=wanted, max_results=2)
    assert len(found.timeseries) == 2


def test_the_capacity_and_the_memory_of_a_deployment(serving: Serving) -> None:
    recent = now(serving) - MINUTE
    wanted = "instanceId eq '*' and State eq '*'"
    (series,) = metrics(serving, "DeploymentCapacity", recent, "blue", filter=wanted).timeseries
    assert series.metadata_values["state"] == "Ready"
    used = metrics(serving, "CpuMemoryUtilizationPercentage", recent, "blue").timeseries
    assert 0 < max(point.average for point in used[0].data if point.average is not None) < 100
    (answered,) = metrics(serving, "RequestsPerMinute", recent - HOUR, "blue", granularity=HOUR).timeseries
    assert sum(point.average or 0 for point in answered.data) > 0


@pytest.mark.parametrize(
    ("name", "options", "status", "said"),
    [
        ("Requests", {}, 400, "Valid metrics: RequestsPerMinute,RequestLatency,"),
        ("RequestLatency", {"filter": "statusCode eq '*'"}, 400, "supported ones are: deployment"),
        ("RequestsPerMinute", {"granularity": timedelta(seconds=10)}, 400, "Invalid time grain duration: PT10S"),
        ("RequestsPerMinute", {"aggregations": ["median"]}, 400, "Invalid aggregation: median"),
        ("RequestsPerMinute", {"filter": "deployment = 'blue'"}, 400, "not understood at '='"),
        ("RequestsPerMinute", {"filter": "deployment eq 'blue' or statusCode eq '1'"}, 400, "at 'statusCode'"),
        ("RequestsPerMinute", {"filter": "deployment eq 'blue"}, 400, "not understood"),
        ("RequestsPerMinute", {"order_by": "sum asc"}, 501, "metrics with orderby=sum asc"),
        ("NetworkBytes", {}, 501, "the metric NetworkBytes"),
    ],
)
def test_odd_questions(
    serving: Serving, asked: Any, name: str, options: dict[str, Any], status: int, said: str
) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        metrics(serving, name, asked, **options)
    assert refused.value.status_code == status
    assert said in str(refused.value)


def test_the_same_from_azure_resource_manager(serving: Serving, asked: Any) -> None:
    arm = Arm(serving.emulator, group=serving.id.partition("/providers/")[0])
    address = f"{serving.id}/providers/Microsoft.Insights/metrics"
    span = f"{asked.isoformat().replace('+00:00', 'Z')}/PT1H"
    found = arm.get(address, metricnames="RequestsPerMinute,RequestLatency", timespan=span, interval="PT1H")
    assert found.status_code == 200, found.text
    requests, latency = found.json()["value"]
    assert requests["timeseries"][0]["data"][0]["average"] >= len(REQUESTS)
    assert latency["name"]["value"] == "RequestLatency"
    refused = arm.get(address, metricnames="Requests")
    assert (refused.status_code, refused.json()["code"]) == (400, "BadRequest")
    assert arm.get(f"{serving.id}x/providers/Microsoft.Insights/metrics").status_code in (400, 404)


def test_several_resources_at_once_ask_for_a_right_over_the_subscription(local: Emulator) -> None:
    """Over the resource it is enough for the resource's own address, and for nothing else."""
    arm = Arm(local)
    identity = arm.identity()
    resource = arm.id("Microsoft.MachineLearningServices/workspaces", "w/onlineEndpoints/e")
    assert arm.grant(identity, arm.role("Microsoft.Insights/metrics/read"), arm.group).status_code == 201
    batch = f"{arm.subscription}/metrics:getBatch"
    asked = {"params": {"metricnames": "RequestsPerMinute"}, "json": {"resourceids": [resource]}}
    own = arm.acting(identity, "https://metrics.monitor.azure.com")
    assert own.send("POST", batch, **asked).json()["error"]["code"] == "AuthorizationFailed"
    at_resource = arm.acting(identity).get(f"{resource}/providers/Microsoft.Insights/metrics")
    assert "AuthorizationFailed" not in at_resource.text
    assert arm.grant(identity, arm.role("Microsoft.Insights/metrics/read"), arm.subscription).status_code == 201
    assert "ResourceNotFound" in own.send("POST", batch, **asked).text


def test_a_token_for_managing_opens_no_metrics(local: Emulator) -> None:
    arm = Arm(local)
    refused = arm.send("POST", f"{arm.subscription}/metrics:getBatch", json={"resourceids": []})
    assert refused.status_code == 401
