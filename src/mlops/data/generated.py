"""Data that is made rather than landed: that of the demo."""

from __future__ import annotations

from pathlib import Path

from ..config import Config
from ..errors import BadInput
from ..project import call


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
