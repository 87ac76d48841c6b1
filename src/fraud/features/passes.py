"""In which order the windows and formulas of the table are computed.

A column that is made of other windows, through a formula, needs these before windows can add it up: hence passes.
Each computes windows, then formulas of them. The last gives the features; the ones before it give only what the
columns of later passes need, so that little is carried along.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fraud.features.windows import COLUMNS, PARTS, Formula, Window

Row = Window | Formula
NAME = re.compile(r"\b[A-Z][A-Z0-9_]*\b")


@dataclass(frozen=True)
class Pass:
    """The windows of a pass, the rows of the table that it gives, and the names that passes before it gave."""

    windows: tuple[Window, ...]
    gives: tuple[Row, ...]
    given: tuple[str, ...]


def rows_by_name(features: Iterable[Row]) -> dict[str, Row]:
    """The rows of the table, those of the features among them."""
    return {row.name: row for row in (*PARTS, *features)}


def passes(features: Iterable[Row]) -> list[Pass]:
    """The passes that the features take, the last one giving them; raises ValueError for a circle."""
    stages = [tuple(features)]
    rows = rows_by_name(stages[0])
    while needed := _needed(stages[0], rows):
        if needed in stages:
            raise ValueError(f"{needed[0].name} is made of windows over itself")
        stages.insert(0, needed)
    found: list[Pass] = []
    given: dict[str, None] = {}
    for stage in stages:
        found.append(Pass(_windows(stage, rows, given), stage, tuple(given)))
        given |= {row.name: None for row in stage}
    return found


def _windows(stage: Iterable[Row], rows: dict[str, Row], given: Iterable[str] = ()) -> tuple[Window, ...]:
    """The windows that the rows of a stage are, or are made of."""
    found: dict[Window, None] = {}
    waiting = [row for row in stage if row.name not in given]
    while waiting:
        row = waiting.pop(0)
        if isinstance(row, Window):
            found[row] = None
        else:
            names = NAME.findall(row.expression)
            waiting += [rows[name] for name in names if name in rows and name not in given]
    return tuple(found)


def _needed(stage: Iterable[Row], rows: dict[str, Row]) -> tuple[Row, ...]:
    """What the columns of a stage's windows are made of."""
    text = " ".join(COLUMNS[window.column].formulas for window in _windows(stage, rows))
    return tuple(rows[name] for name in dict.fromkeys(NAME.findall(text)) if name in rows)
