"""What takes an endpoint's traffic. It is looked up, never called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass(frozen=True)
class Serving:
    """A model version behind an endpoint: `reference` is how a job takes it, `share` its part of the traffic."""

    name: str
    version: str
    reference: str
    share: int

    @property
    def label(self) -> str:
        """`NAME:VERSION`, for people and documents."""
        return f"{self.name}:{self.version}"


def serving(client: MLClient, endpoint: str) -> Serving | None:
    """The version with the largest part of the traffic (of equals the one whose deployment comes first by name).

    None where there is no endpoint, or nothing of it has traffic.
    """
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            traffic = client.online_endpoints.get(endpoint).traffic or {}
        except ResourceNotFoundError:
            return None
        shares = {name: int(share) for name, share in traffic.items() if share}
        if not shares:
            return None
        first = min(shares, key=lambda name: (-shares[name], name))
        model = str(client.online_deployments.get(first, endpoint).model)
    return parsed(model, shares[first])


def parsed(model: str, share: int) -> Serving:
    """What an id of a model says: an ARM id, `azureml:NAME:VERSION`, or one of a registry, taken as it is."""
    found = re.search(r"/models/([^/]+)/versions/([^/]+)$", model) or re.fullmatch(
        r"azureml:([^:/]+):([^:/]+)", model
    )
    if not found:
        raise ValueError(f"{model} is no id of a model version")
    name, version = found[1], found[2]
    reference = model if model.startswith("azureml://registries/") else f"azureml:{name}:{version}"
    return Serving(name, version, reference, share)
