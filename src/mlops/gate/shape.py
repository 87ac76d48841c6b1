"""What a document must look like: checks that compose, each of which names the path of what is wrong.

    check = record({"name": text, "values": mapping(number)}, {"note": text})
    check(document, "candidate")     # raises UnusableEvidence("candidate.values.auc: is not a finite number: nan")

A check takes a value and its path. The step that uses them has the standard library and nothing else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class UnusableEvidence(Exception):
    """The evaluation or the policy cannot be judged; the message begins with the path of what is wrong."""


Check = Callable[[Any, str], None]
PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")


def text(value: Any, path: str) -> None:
    """A string."""
    _demand(isinstance(value, str), path, f"is not text: {value!r}")


def truth(value: Any, path: str) -> None:
    """True or false."""
    _demand(isinstance(value, bool), path, f"is neither true nor false: {value!r}")


def number(value: Any, path: str) -> None:
    """A finite number."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    _demand(good, path, f"is not a finite number: {value!r}")


def count(value: Any, path: str) -> None:
    """A whole number that is not negative."""
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    _demand(good, path, f"is not a count: {value!r}")


def margin(value: Any, path: str) -> None:
    """How much worse is still no harm: a number in the metric's own unit, or a share of the reference, `"5%"`."""
    if isinstance(value, str):
        _demand(
            PERCENT.fullmatch(value) is not None, path, f'is neither a number nor a share such as "5%": {value!r}'
        )
    else:
        number(value, path)
        _demand(value >= 0, path, f"is negative: {value!r}")


def interval(value: Any, path: str) -> None:
    """[low, high]; both are null where nothing could be resampled."""
    each(maybe(number))(value, path)
    _demand(len(value) == 2, path, f"has {len(value)} values, not 2")
    known = [end for end in value if end is not None]
    _demand(len(known) != 1, path, f"has one end only: {value!r}")
    _demand(known == sorted(known), path, f"ends before it begins: {value!r}")


def one_of(*values: Any) -> Check:
    """One of these values."""

    def check(value: Any, path: str) -> None:
        _demand(value in values, path, f"is {value!r}, and not one of: {', '.join(map(str, values))}")

    return check


def maybe(check: Check) -> Check:
    """Null, or what `check` takes."""

    def either(value: Any, path: str) -> None:
        if value is not None:
            check(value, path)

    return either


def each(check: Check) -> Check:
    """A list of such."""

    def items(value: Any, path: str) -> None:
        _demand(isinstance(value, list), path, "is not a list")
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]")

    return items


def rows(check: Check, size: int) -> Check:
    """A list of lists of so many such."""

    def items(value: Any, path: str) -> None:
        each(each(check))(value, path)
        for index, item in enumerate(value):
            _demand(len(item) == size, f"{path}[{index}]", f"has {len(item)} values, not {size}")

    return items


def mapping(check: Check, least: int = 0) -> Check:
    """Names to such; at least so many."""

    def items(value: Any, path: str) -> None:
        _demand(isinstance(value, Mapping), path, "is not a mapping")
        _demand(len(value) >= least, path, "is empty")
        for key, item in value.items():
            check(item, f"{path}.{key}" if path else str(key))

    return items


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """A mapping with these keys. Optional ones may be absent or null; others are not looked at."""

    def check(value: Any, path: str) -> None:
        _demand(isinstance(value, Mapping), path, "is not a mapping")
        prefix = f"{path}." if path else ""
        for key, part in required.items():
            _demand(key in value, f"{prefix}{key}", "is missing")
            part(value[key], f"{prefix}{key}")
        for key, part in (optional or {}).items():
            maybe(part)(value.get(key), f"{prefix}{key}")

    return check


def reading(file: Path, check: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """What `check` makes of a JSON file. Raises UnusableEvidence, which names the file, and OSError."""
    try:
        return check(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UnusableEvidence(f"{file.name} is not JSON: {error}") from error
    except UnusableEvidence as error:
        raise UnusableEvidence(f"{file.name}: {error}") from error


def _demand(good: bool, path: str, what: str) -> None:
    if not good:
        raise UnusableEvidence(f"{path}: {what}" if path else what)
