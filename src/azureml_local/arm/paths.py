"""Names that clients choose, as parts of paths: on this machine, and of addresses that are passed on."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from .errors import BadRequest

SEGMENT = re.compile(r"(?!\.{1,2}\Z)[^/\\\x00-\x1f\x7f\ud800-\udfff]+")
"""A part of a path that is none of the two with a meaning of their own."""


def confined(root: Path, path: str) -> Path:
    """`root/path`, refused where it would leave `root`. Names are taken as they are; nothing is resolved."""
    parts = PurePosixPath(path).parts
    if any(part in ("..", "/") or "\0" in part for part in parts):
        raise BadRequest(f"The path {path!r} is not allowed.", inner=("InvalidUri",))
    return root.joinpath(*parts)


def is_plain(path: str) -> bool:
    """True for a decoded path that every server reads in the same way: nothing in it is dropped or joined.

    No empty or dot segment, no backslash, no control character, and none of these after more decoding.
    """
    return path == "/" or (path.startswith("/") and all(map(_is_plain_segment, path[1:].split("/"))))


def _is_plain_segment(segment: str) -> bool:
    while SEGMENT.fullmatch(segment):
        decoded = unquote(segment)
        if decoded == segment:
            return True
        segment = decoded
    return False
