"""`--set KEY=VALUE`: a value of a table of mlops.toml for one run."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from .errors import BadInput


def overridden(table: Mapping[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """The table with each KEY=VALUE in it. Raises BadInput.

    A value has the type of the one that it replaces; that of a new key is read as TOML reads it, and what TOML
    cannot read is a text.
    """
    result = dict(table)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not (key and equals):
            raise BadInput(f"--set {assignment}: it is KEY=VALUE")
        result[key] = _value(key, text, table.get(key))
    return result


def _value(key: str, text: str, before: Any) -> Any:
    if isinstance(before, str):
        return text
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if isinstance(value, dict | list):
        raise BadInput(f"--set {key}={text}: it is one value, not a table or a list")
    if before is None or type(value) is type(before):
        return value
    if isinstance(before, float) and type(value) is int:
        return float(value)
    if isinstance(before, date) and value == "":
        return value  # no date: whatever the project takes for its default
    raise BadInput(f"--set {key}={text}: it must be like the value in mlops.toml, {key} = {before}")
