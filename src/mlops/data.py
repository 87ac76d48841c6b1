"""Landed data as versioned data assets: checked first, uploaded once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Config
from .errors import BadInput
from .project import check_contract
from .workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

CONTENT = "content_sha256"
"""The tag that tells versions apart: the same content is not published twice."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Published:
    """A data asset and what its contract's check found."""

    name: str
    version: str
    validation: dict[str, Any]
    existed: bool

    @property
    def reference(self) -> str:
        return f"azureml:{self.name}:{self.version}"


def publish(client: MLClient, config: Config, path: Path, *, as_of: str | None = None) -> Published:
    """Publish a file or a folder as the next version of the data asset, unless a version has the same content.

    Raises BadInput where the data does not keep the contract; nothing is uploaded then.
    """
    name = config.data.asset
    limits = {"as_of": as_of, "max_age_days": config.data.max_age_days} if config.data.max_age_days else {}
    validation = check_contract(config.project.contract, path, **limits)
    digest = content_hash(path)
    known = _version_with(client, name, digest)
    if known:
        return Published(name, known, validation, existed=True)
    from azure.ai.ml.entities import Data

    with tempfile.TemporaryDirectory() as scratch, sdk():
        folder = path if path.is_dir() else _as_folder(path, Path(scratch))
        tags = {CONTENT: digest, "rows": str(validation["rows"]), "last": validation["last"]}
        asset = client.data.create_or_update(
            Data(name=name, path=str(folder), type="uri_folder", tags=tags, description="Landed transactions")
        )
    return Published(name, str(asset.version), validation, existed=False)


def content_hash(path: Path) -> str:
    """SHA-256 over names and contents: equal for equal data, whatever its folder is called."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix() if path.is_dir() else file.name}\0".encode())
        with file.open("rb") as content:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _version_with(client: MLClient, name: str, digest: str) -> str | None:
    """The version of the asset that has this content; None where there is none, or no asset yet."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            versions = list(client.data.list(name=name))
        except ResourceNotFoundError:
            return None
    return next((str(v.version) for v in versions if (v.tags or {}).get(CONTENT) == digest), None)


def _as_folder(file: Path, scratch: Path) -> Path:
    """A folder that holds the one file; a link where the file system allows it, else a copy."""
    target = scratch / file.name
    try:
        os.link(file.resolve(), target)
    except OSError:
        shutil.copyfile(file, target)
    return scratch


def existing(client: MLClient, config: Config, version: str | None) -> Published:
    """A version that was published before (the newest unless one is named). Raises BadInput."""
    from azure.core.exceptions import ResourceNotFoundError

    name = config.data.asset
    with sdk():
        try:
            asset = client.data.get(name, version=version) if version else client.data.get(name, label="latest")
        except ResourceNotFoundError as error:
            what = f"{name}:{version}" if version else name
            raise BadInput(f"there is no data asset {what}", "publish it: mlops data publish PATH") from error
    return Published(name, str(asset.version), {}, existed=True)
