"""What a version of the data asset was made of: its files, their checksums, when they landed and as what.

The document lies in the asset itself, as _manifest.json, so that a version says by itself what has been taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "_manifest.json"
"""Of a name that readers of folders leave out, as they do Spark's _SUCCESS."""
SCHEMA = "manifest/1"


@dataclass(frozen=True)
class Listed:
    """A file as a listing shows it: its name below the landing place, and when it landed (ISO 8601, UTC)."""

    file: str
    size: int
    etag: str
    landed: str


@dataclass(frozen=True)
class Taken(Listed):
    """A file that was read, and its content's SHA-256."""

    sha256: str


State = Mapping[str, Taken]
"""Every file that has been read, by name: as it was when it was last read."""


def due(state: State, listed: Iterable[Listed]) -> list[Listed]:
    """The files to read: those that are new, and those that are no longer what was read. In order of their names.

    A file that has been taken and is no longer listed stays taken.
    """
    unknown = [each for each in listed if each.file not in state or state[each.file].etag != each.etag]
    return sorted(unknown, key=lambda each: each.file)


def chosen(state: State) -> dict[str, Taken]:
    """The files that are the data, by name: of several with one content, the one that landed first.

    It depends on nothing but what has landed: in whatever order and in however many goes files were read, the
    same files with the same names are the data. Storage tells landings apart by the second; of those in one
    second the one that has been the data stays it, and else the first by name is.
    """
    first: dict[str, Taken] = {}
    for each in sorted(state.values(), key=lambda each: each.landed):  # stable: known ones come first
        first.setdefault(each.sha256, each)
    return {each.file: each for each in sorted(first.values(), key=lambda each: each.file)}


def document(state: State, source: str = "") -> dict[str, Any]:
    """The manifest of a version: the files that are its data, and those that repeat one of them."""
    data = chosen(state)
    original = {each.sha256: each.file for each in data.values()}
    repeated = [each for name, each in sorted(state.items()) if name not in data]
    return {
        "schema": SCHEMA,
        "source": source,
        "files": [asdict(each) for each in data.values()],
        "repeated": [{**asdict(each), "same_as": original[each.sha256]} for each in repeated],
    }


def state_of(found: Mapping[str, Any]) -> dict[str, Taken]:
    """The state that a manifest keeps. Raises ValueError, KeyError or TypeError where it is none."""
    if found["schema"] != SCHEMA:
        raise ValueError(f"its schema is {found['schema']!r}, not {SCHEMA}")
    names = Taken.__dataclass_fields__
    rows = [*found["files"], *found["repeated"]]  # in this order: `chosen` goes by it
    return {row["file"]: Taken(**{name: row[name] for name in names}) for row in rows}


def of_folder(folder: Path, source: str = "") -> dict[str, Any]:
    """The manifest of files that were not taken from where data lands: nobody knows when they landed."""
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each != folder / FILE)
    rows = [
        Taken(each.relative_to(folder).as_posix(), each.stat().st_size, "", "", sha256(each)) for each in files
    ]
    # None of them is left out, whatever the others are.
    return {**document({}, source), "files": [asdict(each) for each in rows]}


def write(found: Mapping[str, Any], folder: Path) -> None:
    """Put a manifest beside its files; the same one gives the same bytes."""
    (folder / FILE).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def taken(listed: Listed, digest: str) -> Taken:
    """A listed file, once its content is known."""
    return Taken(**asdict(listed), sha256=digest)
