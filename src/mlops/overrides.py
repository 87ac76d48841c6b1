"""`--set KEY=VALUE`: a value of a table of mlops.toml for one run."""

from __future__ import annotations

import json
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


def assignments(table: Mapping[str, Any], changed: Mapping[str, Any]) -> list[str]:
    """The KEY=VALUE that make the table what it was changed into: the way back of `overridden`."""
    return [
        f"{key}={_text(value, table.get(key))}"
        for key, value in changed.items()
        if key not in table or table[key] != value or type(table[key]) is not type(value)
    ]


def _text(value: Any, before: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    # a new text could be read as something else: 1, true, 2018-08-08
    quoted = isinstance(value, str) and before is None
    return json.dumps(value, ensure_ascii=False) if quoted else str(value)


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
