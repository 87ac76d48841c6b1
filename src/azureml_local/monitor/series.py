"""Series of a metric: rows of requests or samples, cut into minutes and grains, split by dimensions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arm.context import Context
from ..arm.ids import ResourceId
from ..endpoints.traffic import Traffic
from . import filters, spans
from .definitions import ENDPOINTS, Metric

AGGREGATIONS = ("average", "minimum", "maximum", "total", "count")
Figures = tuple[float, float, float, float]
"""Of one minute: sum, least, largest, and number of values."""


@dataclass(frozen=True)
class Query:
    """What is asked about each resource: which metrics, from when to when (Unix seconds), cut how."""

    namespace: str
    metrics: tuple[Metric, ...]
    start: float
    end: float
    grain: float
    interval: str
    aggregations: tuple[str, ...]
    conditions: tuple[filters.Condition, ...]
    together: frozenset[str]
    top: int


def series(context: Context, resource: ResourceId, query: Query, metric: Metric) -> list[dict[str, Any]]:
    """One series for each combination of values of the dimensions that the filter names; none without data."""
    columns = {name.lower(): (name, expression) for name, expression in metric.columns.items()}
    split = [columns[each.dimension.lower()] for each in query.conditions]
    split = [each for each in split if each[0].lower() not in query.together]
    where, values = _where(resource, query, metric, {name: each[1] for name, each in columns.items()})
    kept = "".join(f", {expression}" for _, expression in split)
    statement = (
        f"SELECT CAST((time - ?) / 60 AS INTEGER) AS minute{kept}, {metric.measured} "  # noqa: S608 - of tables only
        f"FROM {metric.rows} JOIN deployments ON number = deployment WHERE {where} "
        f"GROUP BY minute{kept} ORDER BY minute"
    )
    with context.part(Traffic).reading() as connection:
        rows = connection.execute(statement, [query.start, *values]).fetchall()
    found: dict[tuple[str, ...], dict[int, list[Figures]]] = {}
    for minute, *rest in rows:
        key, figures = tuple(rest[: len(split)]), rest[len(split) :]
        grain = int(minute * 60 // query.grain)
        found.setdefault(key, {}).setdefault(grain, []).append((*figures,))
    names = [name for name, _ in split]
    return [
        {
            "metadatavalues": [
                {"name": {"value": name.lower(), "localizedValue": name.lower()}, "value": value}
                for name, value in zip(names, key, strict=True)
            ],
            "data": _points(query, grains),
        }
        for key, grains in list(found.items())[: query.top]
    ]


def _where(
    resource: ResourceId, query: Query, metric: Metric, columns: Mapping[str, str]
) -> tuple[str, list[object]]:
    of_endpoint = resource.full_type.lower() == ENDPOINTS.lower()
    terms = ["time >= ?", "time < ?", "endpoint = ?"]
    values: list[object] = [query.start, query.end, resource.key if of_endpoint else resource.parent.key]
    if not of_endpoint:
        terms.append("name = ? COLLATE NOCASE")
        values.append(resource.name)
    if metric.rows == "samples":
        terms.append("metric = ?")
        values.append(metric.name)
    for condition in query.conditions:
        term, more = condition.statement(columns[condition.dimension.lower()])
        terms.append(term)
        values.extend(more)
    return " AND ".join(terms), values


def _points(query: Query, grains: Mapping[int, list[Figures]]) -> list[dict[str, Any]]:
    """A point for each grain of the time; one without data has its time and nothing else, not a zero."""
    points: list[dict[str, Any]] = []
    for number in range(math.ceil((query.end - query.start) / query.grain)):
        point: dict[str, Any] = {"timeStamp": spans.written(query.start + number * query.grain)}
        if figures := grains.get(number):
            sums, least, largest, counts = zip(*figures, strict=True)
            total, count = sum(sums), sum(counts)
            every = (total / count, min(least), max(largest), total, count)
            by_name = dict(zip(AGGREGATIONS, every, strict=True))
            point.update({name: by_name[name] for name in query.aggregations})
        points.append(point)
    return points
