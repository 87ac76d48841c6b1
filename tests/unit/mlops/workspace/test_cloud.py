"""The addresses of clouds: Azure's own, and one that describes itself."""

from __future__ import annotations

import pytest

from mlops.errors import ServiceFailed
from mlops.workspace.cloud import Cloud, cloud


def test_azure_itself_is_found_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARM_CLOUD_METADATA_URL", raising=False)
    found = cloud()
    assert found == Cloud(
        "https://management.azure.com", "https://management.azure.com", "https://api.loganalytics.io"
    )
    audience = "https://metrics.monitor.azure.com"
    assert found.metrics("West Europe") == ("https://westeurope.metrics.monitor.azure.com", audience)


def test_a_national_cloud_has_metrics_of_its_own() -> None:
    found = Cloud("https://management.usgovcloudapi.net")
    expected = ("https://usgovvirginia.metrics.monitor.azure.us", "https://metrics.monitor.azure.us")
    assert found.metrics("usgovvirginia") == expected


def test_any_other_cloud_answers_at_one_address() -> None:
    found = Cloud("https://localhost:1", "https://localhost:1", "https://localhost:1")
    assert found.metrics("local") == ("https://localhost:1", "https://localhost:1")


def test_a_cloud_that_does_not_describe_itself_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", "https://127.0.0.1:9/metadata/endpoints")
    with pytest.raises(ServiceFailed, match=r"the cloud does not answer at https://127\.0\.0\.1:9/metadata"):
        cloud()
