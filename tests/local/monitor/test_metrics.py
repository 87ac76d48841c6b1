"""Metrics of endpoints, asked by the unmodified client, after requests that were really answered."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.local.monitor.asking import metrics, now
from tests.local.serving import Serving

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
