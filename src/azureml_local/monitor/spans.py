"""Times and durations as Azure Monitor's clients write them."""

from __future__ import annotations

from datetime import UTC, datetime

from ..arm.errors import BadRequest
from ..steps.durations import seconds


def moment(text: str) -> float:
    """A time in ISO 8601 as Unix seconds; without an offset it is UTC. Raises BadRequest."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadRequest(f"Invalid datetime format for timespan: {text}", code="BadRequest") from error
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()


def duration(text: str) -> float:
    """A duration in ISO 8601 as seconds. Raises BadRequest."""
    try:
        found = seconds(text)
    except ValueError:
        found = None
    if not found or found <= 0:
        raise BadRequest(f"Invalid duration: {text}", code="BadRequest")
    return found


def span(text: str, now: float) -> tuple[float, float]:
    """A timespan: START/END, START/DURATION, DURATION/END or a DURATION that ends now. Raises BadRequest."""
    first, _, second = text.partition("/")
    if not second:
        return now - duration(first), now
    if second.startswith("P"):
        start = moment(first)
        return start, start + duration(second)
    end = moment(second)
    return (end - duration(first), end) if first.startswith("P") else (moment(first), end)


def written(time: float) -> str:
    """Unix seconds as the service writes them."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
