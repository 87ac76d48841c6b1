"""What steps leave in folders besides files: links that may lead anywhere, pipes, sockets, names of any bytes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

UNNAMED = re.compile("[\ud800-\udfff\n]")
"""No blob has these in its name: what stands for bytes that are no UTF-8, and the end of a line."""


def stays(path: Path, root: Path) -> bool:
    """True if `path`, with every link followed, is `root` or below it."""
    return Path(os.path.realpath(path)).is_relative_to(root)


def files_below(folder: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """Every regular file below a folder, `(path, file)`, in the order of their names.

    Links count as what they lead to, where that is below `root`. Below a folder that was reached by a link no
    other link to a folder is followed, so there is an end. Partial files and impossible names are left out.
    """
    yield from sorted(_walk(folder, "", root, linked=False)) if stays(folder, root) else ()


def _walk(folder: Path, above: str, root: Path, *, linked: bool) -> Iterator[tuple[str, Path]]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - plain names
    except (FileNotFoundError, NotADirectoryError):
        return  # it was removed while the others were walked
    for name in names:
        entry = folder / name
        link = entry.is_symlink()
        if UNNAMED.search(name) or (link and not stays(entry, root)):
            continue
        if entry.is_dir():
            if not (link and (linked or stays(folder, Path(os.path.realpath(entry))))):
                yield from _walk(entry, f"{above}{name}/", root, linked=linked or link)
        elif entry.is_file() and not (name.startswith(".") and name.endswith(".partial")):
            yield above + name, entry


def collect(source: Path, target: Path) -> None:
    """Copy what a step left in a folder of its own, into a folder that may hold something already.

    Files, folders, and links within the folder, which become relative; nothing else, and nothing at all where the
    step has put a link in the folder's place.
    """
    if Path(os.path.realpath(source)) != source:
        return
    links: list[Path] = []

    def left_out(folder: str, names: list[str]) -> list[str]:
        entries = [Path(folder, name) for name in names]
        found = [each for each in entries if each.is_symlink()]
        links.extend(each for each in found if each.exists() and stays(each, source))
        return [each.name for each in entries if each in found or not (each.is_file() or each.is_dir())]

    shutil.copytree(source, target, dirs_exist_ok=True, ignore=left_out)
    for link in links:
        copy, to = target / link.relative_to(source), Path(os.path.realpath(link)).relative_to(source)
        if not os.path.lexists(copy):
            copy.symlink_to(os.path.relpath(target / to, copy.parent))
