"""What another job left for the comment: documents from a pull request's code, read as data and never trusted.

They lie in folders `report-WHAT-ATTEMPT`; of several attempts the last one counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..report import documents as written

LARGEST = 5_000_000
"""Bytes of a document; an evaluation has some hundred thousand."""
FOLDER = re.compile(r"report-(?P<what>[a-z-]+?)-(?P<attempt>\d{1,6})")
CHANGED, PLAN = "changed.json", "plan.json"


@dataclass(frozen=True)
class Left:
    """The folder of one job, and its documents; what is no usable JSON is named in `problems`."""

    what: str
    documents: dict[str, dict[str, Any]]
    problems: tuple[str, ...] = ()


def read(folder: Path) -> list[Left]:
    """What was left, by its name. Nothing else is opened than what is expected, and no link is followed."""
    latest: dict[str, tuple[int, Path]] = {}
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        found = FOLDER.fullmatch(each.name)
        if found and each.is_dir() and not each.is_symlink():
            attempt = int(found["attempt"])
            latest[found["what"]] = max((attempt, each), latest.get(found["what"], (0, each)))
    return [_left(what, place) for what, (_, place) in sorted(latest.items())]


def _left(what: str, folder: Path) -> Left:
    names = (CHANGED, PLAN, written.RUN, written.EVALUATION, written.VERDICT)
    documents, problems = {}, []
    for name, document in _documents(folder, names):
        if document is None:
            problems.append(f"{name} is not usable")
        else:
            documents[name] = document
    return Left(what, documents, tuple(problems))


def _documents(folder: Path, names: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    for name in names:
        file = folder / name
        if file.is_symlink() or not file.is_file():
            continue
        try:
            content = json.loads(file.read_bytes()) if file.stat().st_size <= LARGEST else None
        except (ValueError, RecursionError):
            content = None
        yield name, content if isinstance(content, dict) else None
