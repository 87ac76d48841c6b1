"""The addresses of the cloud that this process is pointed at: Azure's, or what ARM_CLOUD_METADATA_URL names."""

from __future__ import annotations

import json
import os
import ssl
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import ServiceFailed

PUBLIC = "https://management.azure.com"
METRICS = {
    "management.azure.com": "https://{region}.metrics.monitor.azure.com",
    "management.usgovcloudapi.net": "https://{region}.metrics.monitor.azure.us",
    "management.chinacloudapi.cn": "https://{region}.metrics.monitor.azure.cn",
}
"""Where metrics are asked for, by the host of Azure Resource Manager: no description of a cloud says it."""


@dataclass(frozen=True)
class Cloud:
    """Azure Resource Manager, the audience of its tokens, and Log Analytics: addresses without a last slash."""

    manager: str = PUBLIC
    audience: str = PUBLIC
    logs: str = "https://api.loganalytics.io"

    def metrics(self, region: str) -> tuple[str, str]:
        """Where a region's metrics are asked for, and the audience; any other cloud answers at one address."""
        known = METRICS.get(urlsplit(self.manager).netloc)
        if known is None:
            return self.manager, self.audience
        return known.format(region=region.lower().replace(" ", "")), known.replace("{region}.", "")


def cloud() -> Cloud:
    """The cloud, found as azure-ai-ml finds it. Raises ServiceFailed where its description cannot be read."""
    metadata = os.environ.get("ARM_CLOUD_METADATA_URL")
    if not metadata:
        return Cloud()
    trusted = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE"))
    try:
        with urllib.request.urlopen(metadata, timeout=30, context=trusted) as answer:  # noqa: S310
            (found, *_) = json.loads(answer.read())
    except (OSError, ValueError) as error:
        raise ServiceFailed(f"the cloud does not answer at {metadata}: {error}") from error
    return Cloud(
        str(found["resourceManager"]).rstrip("/"),
        str(found["authentication"]["audiences"][0]),
        str(found.get("logAnalyticsResourceId") or Cloud.logs).rstrip("/"),
    )
