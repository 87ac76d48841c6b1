"""`mlops.toml` from its file: found, read, and refused with the key and the line of what is wrong."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from pydantic import ValidationError

from ..errors import BadInput
from .sections import FILE, Config


def find_root(start: Path | None = None) -> Path:
    """The nearest folder, from `start` upwards, that has the file. Raises BadInput."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise BadInput(f"there is no {FILE} in {here} or above it", "run mlops inside the project")


def load(path: Path | None = None) -> Config:
    """Read the configuration. Raises BadInput with the key and the line of the first thing that is wrong.

    MLOPS_CONFIG names another file for the same project.
    """
    root = path.resolve().parent if path else find_root()
    file = path or Path(os.environ.get("MLOPS_CONFIG") or root / FILE)
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not text in UTF-8: {error.reason} at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file} is not TOML: {error}") from error
    try:
        return Config(root=root, file=file, **content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = [str(part) for part in first["loc"] if part != "[key]"]
        line = _line_of(text, keys)
        where = f"{file.name}, line {line}" if line else file.name
        what = "is not a known key" if first["type"] == "extra_forbidden" else first["msg"]
        what = what.removeprefix("Value error, ")
        raise BadInput(f"{where}: {'.'.join(keys)}: {what}") from error
    except TypeError as error:
        raise BadInput(f"{file.name}: a key of the first level is not known: {error}") from error


def _line_of(text: str, keys: list[str]) -> int:
    """The line on which a key stands; that of its table where the key is missing; 0 if neither is there."""
    table: list[str] = []
    best = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"\s*\[+\s*([\w.\-\"]+)\s*\]+", line):
            table = found[1].replace('"', "").split(".")
            if keys[: len(table)] == table:
                best = number
        elif (found := re.match(r"\s*([\w\-\"]+)\s*=", line)) and keys[: len(table) + 1] == [
            *table,
            found[1].strip('"'),
        ]:
            return number
    return best
