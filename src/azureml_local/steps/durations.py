"""Time limits as jobs state them: seconds, or ISO 8601 (`PT1M30S`)."""

from __future__ import annotations

import re

ISO = re.compile(r"^P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
UNITS = (86_400, 3_600, 60, 1)


def seconds(value: object) -> float | None:
    """The limit in seconds; None where there is none. Raises ValueError for text that is no duration."""
    if value in (None, "", "None"):
        return None
    text = str(value)
    found = ISO.match(text)
    if found and text != "P":
        return sum(float(part) * unit for part, unit in zip(found.groups(), UNITS, strict=True) if part)
    return float(text)
