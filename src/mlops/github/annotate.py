"""JUnit files as annotations: what failed, beside the code where the file says where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from ..errors import BadInput
from .runner import annotation

SHOWN = 10
"""GitHub shows no more errors of one step."""
LARGEST = 20_000_000
PLACE = re.compile(r"^(?P<file>[\w./-]+\.py):(?P<line>\d+): ", re.MULTILINE)
"""Where pytest says that a test failed: the last such line of its text."""


def failures(files: list[Path]) -> list[str]:
    """An annotation for each failure of the files, the first ten. Raises BadInput for what is no JUnit file."""
    found = [line for file in files for line in _of(file)]
    more = len(found) - SHOWN
    return [*found[:SHOWN], *([annotation("notice", f"{more} failures more")] if more > 0 else [])]


def _of(file: Path) -> Iterator[str]:
    try:
        if file.stat().st_size > LARGEST:
            raise BadInput(f"{file} is larger than {LARGEST / 1e6:.0f} MB")
        text = file.read_text(encoding="utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise BadInput(f"{file} declares entities, which no JUnit file needs")
        suite = ET.fromstring(text)  # noqa: S314 - it declares no entities
    except (OSError, UnicodeDecodeError, ET.ParseError) as error:
        raise BadInput(f"{file} is not a JUnit file: {error}") from error
    for case in suite.iter("testcase"):
        for end in (*case.findall("failure"), *case.findall("error")):
            places = list(PLACE.finditer(end.text or ""))
            where = places[-1].groupdict() if places else {}
            message = (end.get("message") or end.text or "failed").strip()
            yield annotation("error", message, **where, title=f"{case.get('classname')}: {case.get('name')}")
