"""Landed data as versioned data assets: checked first, uploaded once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Config
from .errors import BadInput
from .project import call, check_contract
from .workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

CONTENT = "content_sha256"
"""The tag that tells versions apart: the same content is not published twice."""
CHUNK = 1 << 20


LAST = "last"
"""For an as-of: the day after the last row, as if history were of today."""


@dataclass(frozen=True)
class Published:
    """A version of the data asset: what its contract's check found, and what `now` was for its age (None: now).

    `last` is the time of its newest row, ISO 8601; empty where the version does not say.
    """

    name: str
    version: str
    validation: dict[str, Any]
    existed: bool
    last: str = ""
    as_of: str | None = None

    @property
    def reference(self) -> str:
        return f"azureml:{self.name}:{self.version}"


def generated(config: Config, folder: Path) -> Path:
    """The file that generated data in this folder is in."""
    return folder / f"{config.data.asset}.parquet"


def generate(config: Config, folder: Path) -> tuple[Path, bool]:
    """The demo's data in a folder: the file, and whether it was there already."""
    file = generated(config, folder)
    if file.exists():
        return file, True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        call(config.project.generator, file, table="demo", options=config.demo)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}") from error
    return file, False


def publish(client: MLClient, config: Config, path: Path, *, as_of: str | None = None) -> Published:
    """Publish a file or a folder as the next version of the data asset, unless a version has the same content.

    What `as_of` says is kept with the version: training on it counts the age from there, too. Raises BadInput
    where the data does not keep the contract or is too old; nothing is uploaded then.
    """
    name = config.data.asset
    validation = check_contract(config.project.contract, path)
    last = str(validation.get("last") or "")
    moment = _moment(as_of, last)
    check_age(config, str(path), last, moment)
    digest = content_hash(path)
    known = _version_with(client, name, digest)
    if known:
        return Published(name, known, validation, existed=True, last=last, as_of=moment)
    from azure.ai.ml.entities import Data

    with tempfile.TemporaryDirectory() as scratch, sdk():
        folder = path if path.is_dir() else _as_folder(path, Path(scratch))
        tags = {CONTENT: digest, "rows": str(validation["rows"])}
        tags |= {name: value for name, value in (("last", last), ("as_of", moment)) if value}
        asset = client.data.create_or_update(
            Data(name=name, path=str(folder), type="uri_folder", tags=tags, description=f"Landed {name}")
        )
    return Published(name, str(asset.version), validation, existed=False, last=last, as_of=moment)


def aged(config: Config, published: Published, as_of: str | None) -> str | None:
    """What `now` is for the age of a version: what was asked for, else what it was published with (None: now).

    Raises BadInput where it is too old: before a run finds that out.
    """
    moment = _moment(as_of, published.last) if as_of else published.as_of
    check_age(config, f"{published.name}:{published.version}", published.last, moment)
    return moment


def check_age(config: Config, what: str, last: str, as_of: str | None) -> None:
    """Raise BadInput where data whose newest row is of `last` is older than mlops.toml allows."""
    limit = config.data.max_age_days
    if not limit or not last:
        return
    now = _time(as_of) if as_of else datetime.now(UTC).replace(tzinfo=None)
    if (age := (now - _time(last)) / timedelta(days=1)) > limit:
        raise BadInput(
            f"{what} is too old: its last row is of {last}, {age:.1f} days before {now:%Y-%m-%d}; "
            f"mlops.toml allows {limit} (data.max_age_days)",
            "history is judged as of its own end: --as-of last, or of any day: --as-of 2018-10-01",
        )


def _moment(as_of: str | None, last: str) -> str | None:
    """An as-of as a date or time; `last` is the day after the last row. Raises BadInput."""
    if as_of == LAST:
        if not last:
            raise BadInput("the data does not say of when its last row is", "name the day: --as-of 2018-10-01")
        return (_time(last).date() + timedelta(days=1)).isoformat()
    if as_of:
        _time(as_of)
    return as_of


def _time(text: str) -> datetime:
    """A date or time in ISO 8601 as UTC without a zone, which is also what one without a zone is taken for."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--as-of {text}: it is a date or time such as 2018-10-01, or `{LAST}`") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


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
    tags = asset.tags or {}
    return Published(
        name, str(asset.version), {}, existed=True, last=tags.get("last", ""), as_of=tags.get("as_of")
    )
