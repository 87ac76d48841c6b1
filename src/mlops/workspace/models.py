"""Registered versions of a model. Versions are numbers: 10 comes after 9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from .connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

TRAIN = "train one: mlops train"


def find(client: MLClient, name: str, version: int | None = None) -> Any:
    """A registered version, the highest unless one is named. Raises BadInput, naming the versions there are."""
    from azure.core.exceptions import ResourceNotFoundError

    if version is None:
        known = versions(client, name)
        if not known:
            raise BadInput(f"there is no version of the model {name}", TRAIN)
        version = known[-1]
    with sdk():
        try:
            return client.models.get(name, version=str(version))
        except ResourceNotFoundError as error:
            known = versions(client, name)
            hint = f"its versions: {', '.join(map(str, known))}" if known else TRAIN
            raise BadInput(f"there is no version {version} of the model {name}", hint) from error


def versions(client: MLClient, name: str) -> list[int]:
    """The registered versions, as numbers, lowest first."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            return sorted(int(model.version) for model in client.models.list(name=name))
        except ResourceNotFoundError:
            return []
