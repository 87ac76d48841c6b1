"""What deployments answered and how their instances are, as Azure Monitor knows it.

Requests are counted in the endpoint's traffic log where that has kept up: it has each request with its time. Its
first lines come up to an hour after the diagnostic setting was made, and each later one some minutes late: where
the metrics know of more requests, they are taken. They have values by the minute, so that of `slow` they only say
the least: how many requests the percentiles of a minute prove to have been slower (minutes.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from ..config import Config, Target
from ..errors import ServiceFailed
from ..workspace.cloud import cloud
from ..workspace.connect import as_ours, sdk
from ..workspace.credentials import credential
from . import minutes
from .figures import Counts, Health
from .minutes import PERCENTILES, Minutes

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/deployments"
CAPACITY, MEMORY = "DeploymentCapacity", "CpuMemoryUtilizationPercentage"
FAILED = ("408", "429")
MODEL_FAILED = "424"
CALLERS = ("400", "405")
"""What a container answers to a request that is wrong: the caller's own mistake."""
READY = ("ready", "healthy", "running")
"""What DeploymentCapacity calls an instance that serves. The words that Azure has for it are not documented."""
ALL_SERIES = 10_000
"""Azure answers ten series of a metric unless asked for more, and does not say that there were others."""
SKEW = timedelta(minutes=1)
"""How much later than here it may be there."""
MINUTE = timedelta(minutes=1)
RECENT = timedelta(minutes=5)
"""How old what is known of an instance may be."""
LIFE = timedelta(days=30)
"""How long the lines of a log are kept, and so how far back the starts of instances are known."""

COUNTED = """
AmlOnlineEndpointTrafficLog
| where TimeGenerated >= datetime({since}) and DeploymentName in ({names})
| extend Failed = ResponseCode in ({failed}) or toint(ResponseCode) >= 500
    or (ResponseCode == '{model_failed}' and ModelStatusCode !in ({callers}))
| summarize Requests = count(), Errors = countif(Failed),
    Slow = countif(not(Failed) and TotalDurationMs > {slower}),
    P50 = percentile(TotalDurationMs, 50), P99 = percentile(TotalDurationMs, 99) by DeploymentName
"""
STARTED = """
AmlOnlineEndpointEventLog
| where Name == 'Started' and DeploymentName == '{name}'
| summarize Starts = count() by InstanceId
"""


class NoMetrics(ServiceFailed):
    """Azure Monitor does not say what an endpoint answered: nothing can be judged."""


class Source(Protocol):
    """Where figures come from."""

    def counts(self, deployments: Sequence[str], since: datetime, slower_than_ms: float) -> dict[str, Counts]:
        """What each deployment answered since a moment; one without requests has zeros. Raises NoMetrics."""
        ...

    def health(self, deployment: str) -> Health:
        """How a deployment's instances are; of nothing known there are no instances. Raises NoMetrics."""
        ...


def azure_monitor(client: MLClient, config: Config, target: Target) -> Source:
    """The figures of a target's endpoint. Raises ServiceFailed where there is no endpoint."""
    with sdk():
        endpoint = client.online_endpoints.get(target.endpoint)
    return AzureMonitor(str(endpoint.id), str(endpoint.location))


@dataclass
class AzureMonitor:
    """Azure Monitor, asked about one endpoint: its id, and the region that it is in."""

    endpoint: str
    region: str
    origin: str = ""
    """Where the last counts are from: log or metrics."""

    def __post_init__(self) -> None:
        with sdk():
            from azure.monitor.query import LogsQueryClient
            from azure.monitor.querymetrics import MetricsClient

            here, who = cloud(), credential()
            address, audience = here.metrics(self.region)
            self._metrics: Any = MetricsClient(address, who, audience=audience)
            self._logs: Any = LogsQueryClient(who, endpoint=here.logs)

    def counts(self, deployments: Sequence[str], since: datetime, slower_than_ms: float) -> dict[str, Counts]:
        logged = self._logged(deployments, since, slower_than_ms)
        measured = self._measured(deployments, since, slower_than_ms)
        best = max((logged, measured), key=_requests)
        self.origin = "log" if best is logged else "metrics"
        return {name: best.get(name, Counts(0)) for name in deployments}

    def health(self, deployment: str) -> Health:
        resource, recent = f"{self.endpoint}/deployments/{deployment}", _until() - RECENT - SKEW
        instances = self._series(resource, DEPLOYMENTS, [CAPACITY], recent, ["instanceId", "State"])[CAPACITY]
        memory = self._series(resource, DEPLOYMENTS, [MEMORY], recent, ["instanceId"])[MEMORY]
        newest = max((max(values) for _, values in instances if values), default=recent)
        ready: dict[str, bool] = {}
        for labels, values in instances:
            if values.get(newest):
                serves = labels["state"].lower() in READY
                ready[labels["instanceid"]] = serves and ready.get(labels["instanceid"], True)
        used = [values[newest] / 100 for _, values in memory if newest in values]
        starts = self._query(STARTED.format(name=deployment), LIFE) or ()
        restarts = sum(int(row["Starts"]) - 1 for row in starts)
        return Health(len(ready), sum(ready.values()), restarts, max(used, default=None))

    # -- the log ----------------------------------------------------------------------------------------

    def _logged(self, names: Sequence[str], since: datetime, slower: float) -> dict[str, Counts]:
        """What the traffic log says; nothing where it cannot be asked, or has no line yet."""
        query = COUNTED.format(
            since=since.astimezone(UTC).isoformat(),
            names=_quoted(names),
            failed=_quoted(FAILED),
            model_failed=MODEL_FAILED,
            callers=_quoted(CALLERS),
            slower=float(slower),
        )
        rows = self._query(query, (since, _until())) or ()
        return {
            row["DeploymentName"]: Counts(
                int(row["Requests"]), int(row["Errors"]), int(row["Slow"]), row["P50"], row["P99"]
            )
            for row in rows
        }

    def _query(self, query: str, timespan: Any) -> Sequence[Any] | None:
        """The rows of an answer; None where the log is not to be had: the metrics then are what there is."""
        from azure.core.exceptions import HttpResponseError

        with sdk():
            try:
                answer = self._logs.query_resource(self.endpoint, query, timespan=timespan)
            except HttpResponseError:
                return None
        tables = getattr(answer, "tables", None)  # a partial answer has none: half a count is no count
        return list(tables[0].rows) if tables else None

    # -- the metrics ------------------------------------------------------------------------------------

    def _measured(self, names: Sequence[str], since: datetime, slower: float) -> dict[str, Counts]:
        """What the metrics say of whole minutes since a moment. Raises NoMetrics."""
        dimensions = ("deployment", "statusCode", "modelStatusCode")
        named = self._series(self.endpoint, ENDPOINTS, ["RequestsPerMinute"], since, dimensions)
        requests: dict[str, list[Minutes]] = {}
        errors: dict[str, list[Minutes]] = {}
        for labels, values in named["RequestsPerMinute"]:
            requests.setdefault(labels["deployment"], []).append(values)
            if _failed(labels["statuscode"], labels["modelstatuscode"]):
                errors.setdefault(labels["deployment"], []).append(values)
        asked = {f"RequestLatency_P{percentage}": percentage for percentage in PERCENTILES}
        measured = self._series(self.endpoint, ENDPOINTS, list(asked), since, ["deployment"])
        latencies = {
            asked[metric]: {labels["deployment"]: values for labels, values in series}
            for metric, series in measured.items()
        }
        return {
            name: minutes.counts(
                minutes.added(requests[name]),
                minutes.added(errors.get(name, [])),
                {percentage: of.get(name, {}) for percentage, of in latencies.items()},
                slower,
            )
            for name in names
            if name in requests
        }

    def _series(
        self, resource: str, namespace: str, names: Sequence[str], since: datetime, dimensions: Sequence[str]
    ) -> dict[str, list[tuple[dict[str, str], dict[datetime, float]]]]:
        """The series of metrics by the minute: what each is of, and its values. Raises NoMetrics.

        A minute that had begun before `since` is left out: what of it came later is not known apart.
        """
        from azure.core.exceptions import AzureError

        with sdk():
            try:
                (answer,) = self._metrics.query_resources(
                    resource_ids=[resource],
                    metric_namespace=namespace,
                    metric_names=names,
                    timespan=(since, _until()),
                    granularity=MINUTE,
                    aggregations=["average"],
                    filter=" and ".join(f"{each} eq '*'" for each in dimensions),
                    max_results=ALL_SERIES,
                )
            except AzureError as error:
                why = as_ours(error)
                raise NoMetrics(f"Azure Monitor does not answer about {names[0]}: {why}", why.hint) from error
        return {metric.name: [_read(each, since) for each in metric.timeseries] for metric in answer.metrics}


def _read(series: Any, since: datetime) -> tuple[dict[str, str], dict[datetime, float]]:
    """What a series is of (names in lower case, as Azure mostly writes them), and its values by the minute."""
    labels = {name.lower(): value for name, value in series.metadata_values.items()}
    points = [each for each in series.data if each.average is not None and each.timestamp >= since]
    return labels, {each.timestamp: float(each.average) for each in points}


def _until() -> datetime:
    return datetime.now(UTC) + SKEW


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts)


def _requests(counts: Mapping[str, Counts]) -> int:
    return sum(each.requests for each in counts.values())


def _failed(status: str, model_status: str) -> bool:
    """Whether an answer is an error of the endpoint's, and not of its caller's."""
    return status in FAILED or status[:1] == "5" or (status == MODEL_FAILED and model_status not in CALLERS)
