"""The table of metrics: what endpoints and deployments measure, by namespace.

Source: learn.microsoft.com, supported metrics of onlineEndpoints and onlineEndpoints/deployments (2025-04). Each
value is of one minute. A metric without `measured` is one that nothing here measures.
"""

from __future__ import annotations

from dataclasses import dataclass

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/deployments"

OF_REQUEST = {
    "deployment": "name",
    "statusCode": "CAST(status AS TEXT)",
    "statusCodeClass": "(status / 100) || 'xx'",
    "modelStatusCode": "CASE model_status WHEN 0 THEN '' ELSE CAST(model_status AS TEXT) END",
    "envoy_response_code": "CAST(status AS TEXT)",
}
"""The dimensions of requests, as expressions of SQL."""
OF_SAMPLE = {"instanceId": "instance", "State": "state"}
"""The dimensions of samples of instances."""
COUNT = "count(*), count(*), count(*), 1"
"""How a minute's rows become sum, least, largest, and number of values: here one value, the number of rows."""
MILLISECONDS = "sum(ms), min(ms), max(ms), count(*)"
SAMPLES = "sum(value), min(value), max(value), count(*)"


@dataclass(frozen=True)
class Metric:
    """One metric; `measured` is how the rows of a minute become its values, `rows` the table of those."""

    name: str
    unit: str
    dimensions: tuple[str, ...]
    says: str
    measured: str = ""
    rows: str = "requests"

    @property
    def columns(self) -> dict[str, str]:
        """Its dimensions, as expressions of SQL."""
        known = OF_REQUEST if self.rows == "requests" else OF_SAMPLE
        return {name: known[name] for name in self.dimensions if name in known}


def _latencies(*dimensions: str) -> tuple[Metric, ...]:
    """Percentiles of a minute cannot be put together: of more than a minute they are averaged, as in Azure."""
    return tuple(
        Metric(
            f"RequestLatency_P{percentage}",
            "MilliSeconds",
            dimensions,
            f"The P{percentage} of the time that a request takes to be answered",
            ", ".join([f"percentile(ms, {percentage})"] * 3) + ", 1",
        )
        for percentage in (50, 90, 95, 99)
    )


NAMESPACES: dict[str, tuple[Metric, ...]] = {
    ENDPOINTS: (
        Metric(
            "RequestsPerMinute",
            "Count",
            ("deployment", "statusCode", "statusCodeClass", "modelStatusCode"),
            "The number of requests sent to the endpoint within a minute",
            COUNT,
        ),
        Metric(
            "RequestLatency",
            "MilliSeconds",
            ("deployment",),
            "The time that a request takes to be answered",
            MILLISECONDS,
        ),
        *_latencies("deployment"),
        Metric("ConnectionsActive", "Count", (), "The number of concurrent connections"),
        Metric("NewConnectionsPerSecond", "CountPerSecond", (), "New connections within a second"),
        Metric("NetworkBytes", "BytesPerSecond", (), "The bytes served within a second"),
        Metric("DataCollectionEventsPerMinute", "Count", ("deployment", "type"), "Collected events in a minute"),
        Metric(
            "DataCollectionErrorsPerMinute",
            "Count",
            ("deployment", "type", "reason"),
            "Events that were not collected in a minute",
        ),
    ),
    DEPLOYMENTS: (
        Metric(
            "RequestsPerMinute",
            "Count",
            ("envoy_response_code",),
            "The number of requests sent to the deployment within a minute",
            COUNT,
        ),
        *_latencies(),
        Metric(
            "DeploymentCapacity",
            "Count",
            ("instanceId", "State"),
            "The number of instances of the deployment",
            SAMPLES,
            "samples",
        ),
        Metric(
            "CpuMemoryUtilizationPercentage",
            "Percent",
            ("instanceId",),
            "The share of the memory that is in use",
            SAMPLES,
            "samples",
        ),
        Metric("CpuUtilizationPercentage", "Percent", ("instanceId",), "The share of the processors in use"),
        Metric("DiskUtilization", "Percent", ("instanceId",), "The share of the disk that is in use"),
        *(
            Metric(f"Gpu{each}", unit, ("instanceId",), "Of the graphics processors")
            for each, unit in (
                ("UtilizationPercentage", "Percent"),
                ("MemoryUtilizationPercentage", "Percent"),
                ("EnergyInJoules", "Count"),
            )
        ),
        Metric("DataCollectionEventsPerMinute", "Count", ("instanceId", "type"), "Collected events in a minute"),
        Metric(
            "DataCollectionErrorsPerMinute",
            "Count",
            ("instanceId", "type", "reason"),
            "Events that were not collected in a minute",
        ),
    ),
}
