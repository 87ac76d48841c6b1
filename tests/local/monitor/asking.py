"""The unmodified clients of Azure Monitor, pointed at an emulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from azureml_local.server import control
from tests.local.serving import Serving

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
MINUTE = timedelta(minutes=1)


def now(served: Serving) -> datetime:
    """The time of the emulator: what comes after it has not happened yet."""
    ahead = float(control.ask(served.emulator.home, "/clock")["ahead"])
    return datetime.now(UTC) + timedelta(seconds=ahead)


def metrics_client(served: Serving) -> Any:
    from azure.identity import DefaultAzureCredential
    from azure.monitor.querymetrics import MetricsClient

    return MetricsClient(served.emulator.base, DefaultAzureCredential())


def metrics(served: Serving, name: str, since: datetime, deployment: str = "", **asked: Any) -> Any:
    """One metric of the endpoint, or of a deployment, as the SDK reads it: since a moment, by the minute."""
    resource = f"{served.id}/deployments/{deployment}" if deployment else served.id
    with metrics_client(served) as client:
        (found,) = client.query_resources(
            resource_ids=[resource],
            metric_namespace=f"{ENDPOINTS}/deployments" if deployment else ENDPOINTS,
            metric_names=[name],
            timespan=(since, asked.pop("until", None) or now(served) + timedelta(seconds=1)),
            granularity=asked.pop("granularity", MINUTE),
            **asked,
        )
    (metric,) = found.metrics
    return metric


def logs(served: Serving, query: str, since: datetime | None = None, resource: str = "") -> Any:
    """What a query of the endpoint's logs is answered, as the SDK reads it."""
    from azure.identity import DefaultAzureCredential
    from azure.monitor.query import LogsQueryClient

    span = (since, now(served) + timedelta(seconds=1)) if since else timedelta(hours=1)
    with LogsQueryClient(DefaultAzureCredential(), endpoint=served.emulator.base) as client:
        return client.query_resource(resource or served.id, query, timespan=span)
