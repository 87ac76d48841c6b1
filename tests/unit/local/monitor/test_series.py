"""Laws of metrics, over whatever was recorded."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_local.arm.context import Context
from azureml_local.arm.ids import workspace_id
from azureml_local.endpoints.traffic import Traffic, nearest
from azureml_local.monitor.definitions import ENDPOINTS, NAMESPACES, Metric
from azureml_local.monitor.filters import Condition
from azureml_local.monitor.series import Query, series

METRICS = {metric.name: metric for metric in NAMESPACES[ENDPOINTS]}
REQUESTS = METRICS["RequestsPerMinute"]
WORKSPACE = workspace_id("s", "g", "w")
NUMBERS = itertools.count()
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["blue", "green", "grün"]),
        st.sampled_from([200, 408, 424, 429, 500]),
        st.sampled_from([0, 200, 400, 500]),
        st.floats(0, 1e4),
        st.integers(0, 600),
    ),
    min_size=1,
    max_size=30,
)


def asked(
    context: Context, records: Any, metric: Metric, *split: str, grain: float = 60.0
) -> list[dict[str, Any]]:
    """The series of a new endpoint that answered these requests, split by dimensions."""
    endpoint = WORKSPACE.child("onlineEndpoints", f"e{next(NUMBERS)}")
    began, traffic = context.clock.time(), context.part(Traffic)
    for name, status, model_status, ms, seconds in records:
        traffic.record(
            endpoint,
            name,
            status=status,
            model_status=model_status,
            ms=ms,
            mirrored=False,
            request_id="",
            bytes_in=0,
            bytes_out=0,
            time=began + seconds,
        )
    conditions = tuple(Condition(each, "eq", ("*",)) for each in split)
    query = Query(
        ENDPOINTS,
        (metric,),
        began,
        began + 660,
        grain,
        "",
        ("average", "total", "count"),
        conditions,
        frozenset(),
        999,
    )
    return series(context, endpoint, query, metric)


def summed(found: list[dict[str, Any]], aggregation: str) -> float:
    return sum(point.get(aggregation, 0) for each in found for point in each["data"])


@given(RECORDS, st.sets(st.sampled_from(REQUESTS.dimensions)), st.sampled_from([60.0, 300.0, 660.0]))
def test_the_parts_of_dimensions_add_up_to_all_requests(
    context: Context, records: Any, split: set[str], grain: float
) -> None:
    found = asked(context, records, REQUESTS, *sorted(split), grain=grain)
    assert summed(found, "total") == len(records)
    if grain == 60:
        assert summed(found, "average") == len(records)


@given(RECORDS, st.sampled_from([50, 90, 95, 99]))
def test_the_percentile_of_each_minute_is_one_of_its_values(
    context: Context, records: Any, percentage: int
) -> None:
    found = asked(context, records, METRICS[f"RequestLatency_P{percentage}"], "deployment")
    for each in found:
        (label,) = each["metadatavalues"]
        for minute, point in enumerate(each["data"]):
            values = [ms for name, *_, ms, second in records if name == label["value"] and second // 60 == minute]
            if values:
                assert point["average"] == np.percentile(values, percentage, method="nearest")
            else:
                assert set(point) == {"timeStamp"}


@given(RECORDS)
def test_the_mean_of_latency_is_of_requests_not_of_minutes(context: Context, records: Any) -> None:
    (found,) = asked(context, records, METRICS["RequestLatency"], grain=660.0)
    (point,) = found["data"]
    assert point["count"] == len(records)
    assert point["average"] == pytest.approx(np.mean([ms for *_, ms, _ in records]))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.integers(0, 100))
def test_the_nearest_value_is_numpys(values: list[float], percentage: int) -> None:
    assert nearest(sorted(values), percentage) == np.percentile(values, percentage, method="nearest")


def test_nothing_has_no_percentile_and_no_series(context: Context) -> None:
    assert nearest([], 50) is None
    assert asked(context, [], REQUESTS) == []
