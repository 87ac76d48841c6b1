"""Take what has landed since, exactly once, and publish it as the next version of the data asset.

A version's manifest says what had been taken when it was made, and the version is made last and at once: whatever
ends an ingestion, the next one finds either all of it done or nothing. Of two at once, one gets the number.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import FILE as CONFIGURATION
from ..config import Config, Source
from ..errors import BadInput, MlopsError
from ..project import call
from ..workspace.connect import sdk
from . import manifest
from .manifest import State, Taken
from .published import Published
from .storage import Place, place
from .versions import CONTENT, checked, content_hash, create, existing, versions

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

BLOB = "blob"
"""The one kind of source that is the same for every project: files in storage."""


@dataclass(frozen=True)
class Base:
    """The version that an ingestion goes on from, and what had been taken then. None: nothing yet."""

    version: str | None
    state: State
    last: str
    next: str
    """The number of the version that follows whatever version there is."""


@dataclass(frozen=True)
class Compared:
    """The names of the files that an ingestion read, by what they are to those that had been taken."""

    new: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    """Known names with another content: it takes the place of the one before."""
    repeated: dict[str, str] = field(default_factory=dict)
    """Files with the content of another one, which they are not taken beside."""
    late: list[str] = field(default_factory=list)
    """New ones whose rows are all older than what was known before."""


@dataclass(frozen=True)
class Ingested:
    """What an ingestion did, and the version that it ended with."""

    published: Published
    files: Compared


@dataclass(frozen=True)
class Staged:
    """Data that has been read and may be published: a folder that is complete, and what is known of it."""

    base: Base
    source: str
    folder: Path
    validation: dict[str, Any]
    as_of: str | None
    landed: str
    files: Compared


def ingest(client: MLClient, config: Config, *, as_of: str | None = None) -> Ingested:
    """List where data lands, read what is new or was corrected, and publish all of it as the next version.

    Where nothing of it changes the data no version is made. Raises BadInput where nothing has landed, or the
    data does not keep the contract; MlopsError where a file changes meanwhile, or another ingestion was first.
    """
    source = config.data.source
    if source is not None and source.kind != BLOB:
        return _extract(client, config, source, as_of)
    with staged(client, config, as_of=as_of) as found:
        return found if isinstance(found, Ingested) else commit(client, config, found)


def _extract(client: MLClient, config: Config, source: Source, as_of: str | None) -> Ingested:
    """What a source of the project's own has now, as a version; the newest one where it has nothing else."""
    if config.project.sources is None:
        raise BadInput(
            f"{CONFIGURATION} names nothing that reads a source of kind {source.kind}", "sources in [project]"
        )
    settings = source.model_dump(exclude={"kind"}, exclude_unset=True)
    label = f"{source.kind}:{hashlib.sha256(json.dumps(settings, default=str).encode()).hexdigest()[:16]}"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / config.data.asset
        folder.mkdir()
        call(config.project.sources, folder, table="data.source", options={"kind": source.kind, **settings})
        validation, now = checked(config, folder, as_of, f"the source {source.kind}")
        found = manifest.of_folder(folder, label)
        manifest.write(found, folder)
        published = create(client, config, folder, validation, as_of=now, source=label)
    return Ingested(published, Compared([] if published.existed else [each["file"] for each in found["files"]]))


@contextmanager
def staged(client: MLClient, config: Config, *, as_of: str | None = None) -> Iterator[Staged | Ingested]:
    """Everything up to the version itself; what there is already where nothing changes the data."""
    source = config.data.source
    if source is None or not source.uri:
        raise BadInput(
            f"{CONFIGURATION} names no place where data lands", 'kind = "blob" and uri in [data.source]'
        )
    landing = place(client, source.uri)
    base = _base(client, config, source.uri)
    due = manifest.due(base.state, landing.listed(source.files))
    if not due and not base.version:
        raise BadInput(f"nothing has landed in {source.uri}", f"files taken there: {', '.join(source.files)}")
    with tempfile.TemporaryDirectory() as scratch:
        read = Path(scratch) / "read"
        fetched = {each.file: landing.fetch(each, read) for each in due}
        state = {**base.state, **fetched}
        data = manifest.chosen(state)
        files = _compared(base.state, fetched, data)
        if base.version and _contents(data) == _contents(manifest.chosen(base.state)):
            yield Ingested(existing(client, config, base.version), files)
            return
        folder = Path(scratch) / config.data.asset
        folder.mkdir()
        kept = [each for name, each in data.items() if name not in fetched]
        if kept:
            _keep(client, config, base, kept, folder)
        for name in data.keys() & fetched.keys():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (read / name).rename(folder / name)
        manifest.write(manifest.document(state, source.uri), folder)
        landed = max(each.landed for each in data.values())
        validation, now = checked(config, folder, as_of, source.uri, landed)
        files = replace(files, late=_late(files.new, validation, base.last))
        yield Staged(base, source.uri, folder, validation, now, landed, files)


def commit(client: MLClient, config: Config, found: Staged) -> Ingested:
    """Publish what is staged, under the number after its base. Raises MlopsError if another one has it."""
    name, base = config.data.asset, found.base
    try:
        published = create(
            client,
            config,
            found.folder,
            found.validation,
            as_of=found.as_of,
            version=base.next,
            landed=found.landed,
            source=found.source,
        )
    except MlopsError as error:
        there = dict(versions(client, name, archived=True)).get(base.next)
        if there is None:
            raise
        if there.get(CONTENT) != content_hash(found.folder):  # else it is this one, whose answer was lost
            raise MlopsError(
                f"{name}:{base.next} was published meanwhile; nothing of this ingestion was", "run it again"
            ) from error
        published = existing(client, config, base.next)
    return Ingested(published, found.files)


def _base(client: MLClient, config: Config, source: str) -> Base:
    """The newest version that was ingested from this place."""
    name = config.data.asset
    found = [(version, tags) for version, tags in versions(client, name) if tags.get("source") == source]
    numbers = [int(version) for version, _ in versions(client, name, archived=True) if version.isdigit()]
    following = str(max(numbers, default=0) + 1)
    if not found:
        return Base(None, {}, "", following)
    version, tags = found[-1]
    with tempfile.TemporaryDirectory() as scratch:
        asset = _asset(client, name, version)
        for each in asset.listed([manifest.FILE]):
            asset.fetch(each, Path(scratch))
        try:
            document = json.loads((Path(scratch) / manifest.FILE).read_text(encoding="utf-8"))
            state = manifest.state_of(document)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{name}:{version} has no {manifest.FILE} that says what was taken: {error!r}",
                "archive that version, and ingest again",
            ) from error
    return Base(version, state, tags.get("last", ""), following)


def _asset(client: MLClient, name: str, version: str) -> Place:
    """The folder of a version."""
    with sdk():
        path = str(client.data.get(name, version=version).path)
    return place(client, path)


def _keep(client: MLClient, config: Config, base: Base, kept: list[Taken], folder: Path) -> None:
    """Read again what was taken before, from the version that holds it. Raises MlopsError if it was altered."""
    asset = _asset(client, config.data.asset, str(base.version))
    there = {each.file: each for each in asset.listed()}
    for each in kept:
        if each.file not in there or asset.fetch(there[each.file], folder).sha256 != each.sha256:
            raise MlopsError(
                f"{config.data.asset}:{base.version}: {each.file} is not what its {manifest.FILE} says",
                "archive that version, and ingest again",
            )


def _contents(data: State) -> dict[str, str]:
    return {name: each.sha256 for name, each in data.items()}


def _compared(before: State, fetched: State, data: State) -> Compared:
    """What the files that were read are to those that were known."""
    original = {each.sha256: name for name, each in data.items()}
    return Compared(
        new=[name for name in fetched if name in data and name not in before],
        corrected=[
            n for n, each in fetched.items() if n in before and n in data and before[n].sha256 != each.sha256
        ],
        repeated={name: original[each.sha256] for name, each in fetched.items() if name not in data},
    )


def _late(new: list[str], validation: dict[str, Any], last: str) -> list[str]:
    """Of new files those whose rows are all older than what was known before, where the contract's check tells."""
    rows = [each for each in validation.get("files", ()) if isinstance(each, dict)]
    newest = {str(each["file"]): str(each.get("last") or "") for each in rows}
    return [name for name in new if last and newest.get(name) and newest[name] < last]
