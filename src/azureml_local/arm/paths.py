"""Names that clients choose, as parts of paths on this machine."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from .errors import BadRequest


def confined(root: Path, path: str) -> Path:
    """`root/path`, refused where it would leave `root`. Names are taken as they are; nothing is resolved."""
    parts = PurePosixPath(path).parts
    if any(part in ("..", "/") or "\0" in part for part in parts):
        raise BadRequest(f"The path {path!r} is not allowed.", inner=("InvalidUri",))
    return root.joinpath(*parts)
