"""The environments of steps and deployments: registered from `environments/`, by what they hold."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from .config import Config
from .workspace import quiet

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

PARTS = ("Dockerfile", "requirements.txt")
"""What the build context is made of; the version is the hash of these."""


def version_of(folder: Path) -> str:
    """The version of an environment: it changes when the Dockerfile or the lock does, and at no other time."""
    digest = hashlib.sha256()
    for name in PARTS:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


def ensure(client: MLClient, config: Config, names: set[str]) -> dict[str, str]:
    """Register what is not registered yet; `{folder: azureml:NAME:VERSION}`."""
    return {name: _ensure(client, config, name) for name in sorted(names)}


def _ensure(client: MLClient, config: Config, folder: str) -> str:
    from azure.core.exceptions import ResourceNotFoundError

    path = config.root / "environments" / folder
    name, version = f"{config.project.model}-{folder}", version_of(path)
    with quiet():
        from azure.ai.ml.entities import BuildContext, Environment

        try:
            client.environments.get(name, version=version)
        except ResourceNotFoundError:
            client.environments.create_or_update(
                Environment(name=name, version=version, build=BuildContext(path=str(path)))
            )
    return f"azureml:{name}:{version}"
