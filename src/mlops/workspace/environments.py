"""The environments of steps and deployments: registered from `environments/`, by what they hold."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import Config
from .connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

PARTS = ("Dockerfile", "requirements.txt")
"""What the build context is made of; the version is the hash of these."""


def digest_of(folder: Path) -> str:
    """The SHA-256 of an environment: it changes when the Dockerfile or the lock does, and at no other time."""
    digest = hashlib.sha256()
    for name in PARTS:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def version_of(folder: Path) -> str:
    """The version of an environment: the beginning of its digest."""
    return digest_of(folder)[:12]


def named(config: Config, folder: str) -> str:
    """The environment of a folder of `environments/`, `NAME:VERSION`."""
    return f"{config.project.model}-{folder}:{version_of(config.root / 'environments' / folder)}"


def exists(client: MLClient, name: str) -> bool:
    """Whether `NAME:VERSION` is registered."""
    from azure.core.exceptions import ResourceNotFoundError

    of, _, version = name.partition(":")
    with sdk():
        try:
            client.environments.get(of, version=version)
        except ResourceNotFoundError:
            return False
    return True


def ensure(client: MLClient, config: Config, folders: set[str]) -> dict[str, str]:
    """Register what is not registered yet; `{folder: azureml:NAME:VERSION}`."""
    found = {folder: named(config, folder) for folder in sorted(folders)}
    for folder, name in found.items():
        if not exists(client, name):
            _register(client, config.root / "environments" / folder, name)
    return {folder: f"azureml:{name}" for folder, name in found.items()}


def _register(client: MLClient, folder: Path, name: str) -> None:
    of, _, version = name.partition(":")
    with sdk():
        from azure.ai.ml.entities import BuildContext, Environment

        environment = Environment(name=of, version=version, build=BuildContext(path=str(folder)))
        client.environments.create_or_update(environment)
