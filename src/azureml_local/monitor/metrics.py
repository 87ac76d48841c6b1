"""Metrics as Azure Monitor answers them: of several resources at once, or of one below its own id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from ..access.decision import Need
from ..arm.context import LOCATION
from ..arm.errors import JSON, ArmError, BadRequest, NotSupported
from ..arm.ids import ResourceId
from ..arm.requests import Call, answer
from ..endpoints.gauges import Gauges
from . import filters, spans
from .definitions import DEPLOYMENTS, NAMESPACES, Metric
from .series import AGGREGATIONS, Query, series

BATCH = re.compile(r"^/subscriptions/[^/]+/metrics:getBatch$", re.I)
OF_RESOURCE = re.compile(r"^/subscriptions/.+/providers/microsoft\.insights/metrics$", re.I)
READ = "Microsoft.Insights/metrics/read"
GRAINS = {"PT1M": 60, "PT5M": 300, "PT15M": 900, "PT30M": 1800, "PT1H": 3600, "PT6H": 21600, "PT12H": 43200}
DAY = {"P1D": 86400}
TOP = 10
"""The series that a query with a filter gets unless it asks for more: whoever forgets it misses some, unseen."""
LONGEST = 31 * 86_400
HOUR = 3600


def batch_needs(call: Call) -> Iterable[Need]:
    """Several resources at once are a matter of the subscription, whoever holds what over each of them."""
    return [Need((READ,), "/".join(call.path.split("/")[:3]))]


def resource_needs(call: Call) -> Iterable[Need]:
    """The metrics of one resource are asked of whoever may read those."""
    return [Need((READ,), str(_resource(call.id.scope)))]


def get_batch(call: Call) -> Response:
    """POST /subscriptions/S/metrics:getBatch, of azure-monitor-querymetrics."""
    ids = call.body.get("resourceids")
    if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
        raise ArmError("BadRequest", "The body must name at least one resource in 'resourceids'.", 400)
    given = call.parameters
    now = call.context.clock.time()
    end = spans.moment(given["endtime"]) if given.get("endtime") else now
    start = spans.moment(given["starttime"]) if given.get("starttime") else end - HOUR
    subscription = call.path.split("/")[2].lower()
    values = []
    for each in ids:
        resource = _resource(each)
        if resource.subscription.lower() != subscription:
            raise ArmError("BadRequest", f"The resource {each} is not of the subscription {subscription}.", 400)
        query = _query(call, resource, (start, end), given.get("filter", ""))
        values.append(
            {
                "starttime": spans.written(start),
                "endtime": spans.written(end),
                "interval": query.interval,
                "namespace": query.namespace,
                "resourceregion": _region(call, resource),
                "resourceid": str(resource),
                "value": _answers(call, resource, query),
            }
        )
    return answer({"values": values})


def of_resource(call: Call) -> Response:
    """GET …/providers/Microsoft.Insights/metrics. What it refuses has a form of its own."""
    try:
        return _of_resource(call)
    except BadRequest as error:
        return Response(json.dumps({"code": error.code, "message": error.message}), 400, media_type=JSON)


def _of_resource(call: Call) -> Response:
    if call.method != "GET":
        raise NotSupported(f"{call.method} of metrics")
    now, given = call.context.clock.time(), call.parameters
    resource = _resource(call.id.scope)
    start, end = spans.span(given["timespan"], now) if given.get("timespan") else (now - HOUR, now)
    query = _query(call, resource, (start, end), given.get("$filter", ""))
    return answer(
        {
            "cost": 0,
            "timespan": f"{spans.written(start)}/{spans.written(end)}",
            "interval": query.interval,
            "value": _answers(call, resource, query),
            "namespace": query.namespace,
            "resourceregion": _region(call, resource),
        }
    )


def _resource(text: str) -> ResourceId:
    found = ResourceId.parse(text)
    if found is None or found.tail or not found.pairs:
        raise BadRequest(f"{text} is no id of a resource.", code="BadRequest")
    return found


def _region(call: Call, resource: ResourceId) -> str:
    found = call.context.store.get(resource)
    if found is None:
        raise ArmError("ResourceNotFound", f"The Resource '{resource}' was not found.", 404)
    return str(found.body.get("location") or LOCATION)


def _query(call: Call, resource: ResourceId, span: tuple[float, float], wanted: str) -> Query:
    """What the parameters ask. Raises BadRequest for what Azure refuses, NotSupported for what is not here."""
    given = call.parameters
    for name in ("orderby", "resulttype", "autoadjusttimegrain"):
        if given.get(name, "").lower() not in ("", "data", "false"):
            raise NotSupported(f"metrics with {name}={given[name]}")
    start, end = span
    if not 0 < end - start <= LONGEST:
        raise BadRequest("The timespan must begin before it ends, and have at most 31 days.", code="BadRequest")
    interval = given.get("interval") or "PT1M"
    grains = {**GRAINS, **DAY, "FULL": end - start}
    if interval.upper() not in grains:
        known = ",".join([*GRAINS, *DAY, "FULL"])
        raise BadRequest(
            f"Invalid time grain duration: {interval}, supported ones are: {known}", code="BadRequest"
        )
    aggregations = tuple(each.strip().lower() for each in given.get("aggregation", "average").split(","))
    if unknown := set(aggregations) - set(AGGREGATIONS):
        raise BadRequest(f"Invalid aggregation: {', '.join(sorted(unknown))}", code="BadRequest")
    conditions = tuple(filters.parse(wanted))
    top = given.get("top") or str(TOP)
    if not (top.isascii() and top.isdigit()):
        raise BadRequest(f"top must be a number, it is {top!r}.", code="BadRequest")
    namespace = given.get("metricnamespace") or resource.full_type
    metrics = tuple(_metrics(resource, namespace, given.get("metricnames", "")))
    for metric in metrics:
        _check_dimensions(metric, [each.dimension for each in conditions])
    together = frozenset(each.strip().lower() for each in given.get("rollupby", "").split(",") if each.strip())
    return Query(
        resource.full_type,
        metrics,
        start,
        end,
        grains[interval.upper()],
        interval.upper(),
        aggregations,
        conditions,
        together,
        int(top) if conditions else TOP,
    )


def _metrics(resource: ResourceId, namespace: str, names: str) -> Iterable[Metric]:
    """The metrics of a resource's kind by their names, in the order in which they are asked for."""
    known = {kind.lower(): metrics for kind, metrics in NAMESPACES.items()}.get(resource.full_type.lower())
    if known is None:
        raise NotSupported(f"metrics of {resource.full_type}")
    if namespace.lower() != resource.full_type.lower():
        message = f"Invalid metric namespace: {namespace} for the resource type {resource.full_type}"
        raise BadRequest(message, code="BadRequest")
    by_name = {metric.name.lower(): metric for metric in known}
    provider, _, kind = resource.full_type.partition("/")
    for name in names.split(","):
        metric = by_name.get(name.strip().lower())
        if metric is None:
            valid = ",".join(each.name for each in known)
            raise BadRequest(
                f"Failed to find metric configuration for provider: {provider}, resource Type: {kind}, "
                f"metric: {name}, Valid metrics: {valid}",
                code="BadRequest",
            )
        if not metric.measured:
            raise NotSupported(f"the metric {metric.name} of {resource.full_type}")
        yield metric


def _check_dimensions(metric: Metric, asked: list[str]) -> None:
    known = {name.lower() for name in metric.dimensions}
    if any(each.lower() not in known for each in asked):
        raise BadRequest(
            f"Metric: {metric.name} does not support requested dimension combination: "
            f"{','.join(asked).lower()}, supported ones are: {','.join(metric.dimensions)}",
            code="BadRequest",
        )


def _answers(call: Call, resource: ResourceId, query: Query) -> list[dict[str, Any]]:
    if resource.full_type.lower() == DEPLOYMENTS.lower():
        call.context.part(Gauges).look(resource)
    return [
        {
            "id": f"{resource}/providers/Microsoft.Insights/metrics/{metric.name}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": metric.name, "localizedValue": metric.name},
            "displayDescription": metric.says,
            "unit": metric.unit,
            "timeseries": series(call.context, resource, query, metric),
            "errorCode": "Success",
        }
        for metric in query.metrics
    ]
