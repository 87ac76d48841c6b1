"""Versions of the data asset: checked first, uploaded once, each with the manifest of its files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import BadInput, MlopsError
from ..project import check_contract
from ..workspace.connect import sdk
from . import manifest
from .age import LAST, check_age, moment
from .published import Published
from .storage import place

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

CONTENT = "content_sha256"
"""The tag that tells versions apart: the same content is not published twice."""
UPLOADS = "azureml://datastores/workspaceblobstore/paths/data/{name}/{digest}"
"""Where the files of a version are: by its manifest, so that nothing is ever written over by another content."""
CHUNK = 1 << 20


def publish(client: MLClient, config: Config, path: Path, *, as_of: str | None = None) -> Published:
    """Publish a file or a folder as the next version of the data asset, unless a version has the same content.

    What `as_of` says is kept with the version: training on it counts the age from there, too. Raises BadInput
    where the data does not keep the contract or is too old, MlopsError where it changes meanwhile; nothing is
    published then.
    """
    before = _seen(path)

    def unchanged() -> None:
        if _seen(path) != before:
            raise MlopsError(f"{path} changed while it was read; nothing was published", "run it again")

    validation, now = checked(config, path, as_of, str(path))
    with _as_folder(path, config.data.asset) as folder:
        manifest.write(manifest.of_folder(folder), folder)
        return create(client, config, folder, validation, as_of=now, sure=unchanged)


def _seen(path: Path) -> dict[Path, tuple[int, int, int]]:
    """What tells whether files have changed, without reading them."""
    stats = {file: file.stat() for file in _files(path)}
    return {file: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for file, stat in stats.items()}


def _files(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path] * path.is_file()


def checked(
    config: Config, path: Path, as_of: str | None, what: str, landed: str = ""
) -> tuple[dict[str, Any], str | None]:
    """The validation document of data that may be published, and its as-of. Raises BadInput, naming `what`."""
    options = dict(config.data.contract)
    if as_of and as_of != LAST:
        options["as_of"] = moment(as_of, "")
    try:
        validation = check_contract(config.project.contract, path, **options)
    except BadInput as error:
        here, *lines = [line.replace(str(path), what) for line in (str(error), *error.details)]
        raise BadInput(here, error.hint, lines, error.violations) from error
    last = str(validation.get("last") or "")
    now = moment(as_of, last)
    check_age(config, what, now, last=last, landed=landed)
    return validation, now


def create(
    client: MLClient,
    config: Config,
    folder: Path,
    validation: Mapping[str, Any],
    *,
    as_of: str | None,
    version: str | None = None,
    landed: str = "",
    source: str = "",
    sure: Callable[[], None] = lambda: None,
) -> Published:
    """Make a version of a folder whose files and manifest are complete.

    The version is there when everything else is, or not at all. Without `version` one of the same content is found
    again (of a source its newest alone), and a new one gets the next number. `sure` is called when all is there,
    and may still prevent it.
    """
    name, last = config.data.asset, str(validation.get("last") or "")
    digest = content_hash(folder)
    known = [] if version else versions(client, name)
    if source:
        known = [each for each in known if each[1].get("source") == source][-1:]
    if same := [each for each, tags in known if tags.get(CONTENT) == digest]:
        return Published(name, same[-1], dict(validation), existed=True, last=last, as_of=as_of, landed=landed)
    from azure.ai.ml.entities import Data

    # Not by the SDK: of an upload that was broken off it says for ever that a blob exists already.
    where = place(client, UPLOADS.format(name=name, digest=manifest.sha256(folder / manifest.FILE)))
    where.store(folder)
    sure()
    tags = {CONTENT: digest, "rows": str(validation["rows"])}
    more = {"last": last, "as_of": as_of, "landed": landed, "source": source}
    tags |= {key: value for key, value in more.items() if value}
    with sdk():
        asset = client.data.create_or_update(
            Data(
                name=name,
                version=version,
                path=where.uri,
                type="uri_folder",
                tags=tags,
                description=f"Landed {name}",
            )
        )
    return Published(
        name, str(asset.version), dict(validation), existed=False, last=last, as_of=as_of, landed=landed
    )


def content_hash(folder: Path) -> str:
    """SHA-256 over names and contents of all but the manifest: equal for equal data, wherever it is."""
    digest = hashlib.sha256()
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and each != folder / manifest.FILE):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        with file.open("rb") as content:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def versions(client: MLClient, name: str, *, archived: bool = False) -> list[tuple[str, dict[str, str]]]:
    """The versions of the asset and their tags, oldest first; none where there is no asset yet."""
    from azure.ai.ml.constants import ListViewType
    from azure.core.exceptions import ResourceNotFoundError

    view = ListViewType.ALL if archived else ListViewType.ACTIVE_ONLY
    with sdk():
        try:
            found = [
                (str(each.version), dict(each.tags or {})) for each in client.data.list(name, list_view_type=view)
            ]
        except ResourceNotFoundError:
            return []
    return sorted(found, key=lambda each: (each[0].isdigit() and int(each[0]), each[0]))


@contextmanager
def _as_folder(path: Path, name: str) -> Iterator[Path]:
    """A folder of this name that holds the file, or the files of the folder; as links where there can be links."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        for file in _files(path):
            place = file.relative_to(path) if path.is_dir() else Path(file.name)
            if place == Path(manifest.FILE):
                _check_own(file)
                continue
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file.resolve(), target)
            except OSError:
                shutil.copyfile(file, target)
        yield folder


def _check_own(file: Path) -> None:
    """Raise BadInput for a file of the manifest's name that is another document: it would be lost."""
    try:
        own = json.loads(file.read_text(encoding="utf-8"))["schema"] == manifest.SCHEMA
    except (ValueError, KeyError, TypeError):
        own = False
    if not own:
        raise BadInput(f"{file} is no manifest of a data asset, and takes its place", "give it another name")


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
        name,
        str(asset.version),
        {},
        existed=True,
        last=tags.get("last", ""),
        as_of=tags.get("as_of"),
        landed=tags.get("landed", ""),
    )
