"""Where figures come from: Azure Monitor, asked through its unmodified clients, about requests really answered."""

from __future__ import annotations

from typing import Any

import pytest

from azureml_local.server.pytest_plugin import Faults
from mlops.config import Target, load
from mlops.release import live
from mlops.release.figures import Counts
from mlops.release.metrics import AzureMonitor, NoMetrics, azure_monitor
from mlops.report import status
from tests.emulator import GROUP, REPOSITORY, SUBSCRIPTION
from tests.local.monitor.asking import now
from tests.local.serving import Serving

BODIES = ({"x": 1}, {"x": 2}, {"status": 400}, {"status": 405}, {"status": 503}, {"raise": "bad luck"}, {"x": 3})
FAILED = 2


CONFIG = load(REPOSITORY / "mlops.toml")


def target_of(served: Serving) -> Target:
    return Target(
        subscription_id=SUBSCRIPTION,
        resource_group=GROUP,
        workspace=served.client.workspace_name,
        compute="c",
        endpoint=served.endpoint,
        instance_type="Standard_F1s",
    )


def source(served: Serving) -> AzureMonitor:
    found = azure_monitor(served.client, CONFIG, target_of(served))
    assert isinstance(found, AzureMonitor)
    return found


@pytest.fixture(scope="module")
def counted(serving: Serving) -> Any:
    key = serving.client.online_endpoints.get_keys(serving.endpoint).primary_key
    since = now(serving)
    for body in BODIES:
        serving.score(body, key=key)
    return since


def test_counts_of_metrics_where_there_is_no_log(serving: Serving, counted: Any) -> None:
    figures = source(serving)
    found = figures.counts(["blue", "purple"], counted, slower_than_ms=60_000)
    assert figures.origin == "metrics"
    assert (found["blue"].requests, found["blue"].errors, found["blue"].slow) == (len(BODIES), FAILED, 0)
    assert 0 < (found["blue"].p50_ms or 0) <= (found["blue"].p99_ms or 0)
    assert found["purple"] == Counts(0)
    slow = figures.counts(["blue"], counted, slower_than_ms=0)["blue"].slow
    assert 0 < slow <= len(BODIES) - FAILED


def test_counts_of_the_log_where_it_has_kept_up(lenient_serving: Serving) -> None:
    """That emulator's front end shows the container's own statuses."""
    since = now(lenient_serving)
    key = lenient_serving.client.online_endpoints.get_keys(lenient_serving.endpoint).primary_key
    for body in BODIES:
        lenient_serving.score(body, key=key)
    figures = source(lenient_serving)
    quick, late = (figures.counts(["blue"], since, slower_than_ms=each)["blue"] for each in (60_000, 0))
    assert figures.origin == "log"
    assert (quick.requests, quick.errors, quick.slow) == (len(BODIES), FAILED, 0)
    assert late.slow == len(BODIES) - FAILED
    assert quick.p50_ms == late.p50_ms


def test_what_is_live_is_shown_with_its_figures(serving: Serving, counted: Any) -> None:
    document = status.everything(serving.client, CONFIG, target_of(serving))
    document["endpoint"] = live.observed(serving.client, CONFIG, target_of(serving), document["endpoint"])
    (blue,) = (each for each in document["endpoint"]["deployments"] if each["name"] == "blue")
    assert (blue["traffic"], blue["state"], blue["model"]) == (100, "Succeeded", None)
    assert blue["counts"]["requests"] >= len(BODIES)
    assert blue["counts"]["errors"] >= FAILED
    assert document["endpoint"]["figures"]["origin"] == "metrics"
    shown = status.lines(document)
    assert any(line.split()[:4] == ["blue", "100", "%", "Succeeded"] for line in shown)
    assert max(map(len, shown)) <= 80


def test_without_azure_monitor_the_deployments_are_shown_and_why_there_are_no_figures(
    serving: Serving, faults: Faults
) -> None:
    faults.add("POST /subscriptions/*/metrics:getBatch", status=403, times=0)
    endpoint = {"name": serving.endpoint, "state": "Succeeded", "traffic": {"blue": 100}}
    found = live.observed(serving.client, CONFIG, target_of(serving), endpoint)
    with pytest.raises(NoMetrics, match="does not answer about RequestsPerMinute"):
        source(serving).counts(["blue"], now(serving), 100)
    assert "does not answer about RequestsPerMinute" in found["figures"]["why"]
    assert found["deployments"][0]["counts"] is None


def test_health_of_a_deployment_and_of_none(serving: Serving) -> None:
    figures = source(serving)
    health = figures.health("blue")
    assert (health.instances, health.ready) == (1, 1)
    assert 0 < (health.memory or 0) < 1
    with pytest.raises(NoMetrics, match=r"DeploymentCapacity: .*/purple' was not found"):
        figures.health("purple")
