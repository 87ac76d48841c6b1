"""What a window is in SQL: its frame, what a row contributes to it, and what comes of that."""

import textwrap
from collections.abc import Iterable

from fraud.features.windows import BEFORE, COLUMNS, DAY, Window

PLACE = 2**65
WIDTH = 112
KINDS = {
    "count": "{result}_COUNT",
    "total": "{result}_TOTAL",
    "mean": "{result}_TOTAL / ({units} * GREATEST({result}_COUNT, 1))",
    "first": "{result}",
    "last": "{result}",
}
# Of a window that gives a second: the aggregate of a frame, and of two results.
SECONDS = {"first": ("MIN", "LEAST"), "last": ("MAX", "GREATEST")}


def row_of(names: Iterable[str]) -> str:
    """Columns that are carried along, side by side."""
    return _wrapped(", ".join(names), 8, 8)


def lines(indent: int, items: Iterable[str]) -> str:
    """A list, each item but once and on a line of its own, or on as many as it needs."""
    wrapped = (item if "\n" in item else _wrapped(item, indent, indent + 4) for item in dict.fromkeys(items))
    return (",\n" + " " * indent).join(wrapped)


def _wrapped(text: str, indent: int, further: int) -> str:
    return textwrap.fill(text, WIDTH - indent, subsequent_indent=" " * further, break_long_words=False)


def value(window: Window) -> str:
    """The window's value, as an expression of the columns that `parts` gives."""
    return KINDS[window.kind].format(result=result(window), units=COLUMNS[window.column].units)


def result(window: Window) -> str:
    """The name of what the frame gives; windows that differ in being count, total or mean only share it."""
    name = f"{window.column}_{frame_name(window)}"
    return f"{window.kind.upper()}_{name}" if window.kind in SECONDS else name


def frame_name(window: Window) -> str:
    """The same for windows that take in the same transactions."""
    until = {0: "", BEFORE: "_BEFORE"}.get(window.until, f"_TO_{window.until}")
    return f"{window.key.removesuffix('_ID')}_{'EVER' if window.after is None else window.after}{until}"


def frame(window: Window, windows: Iterable[Window]) -> str:
    """The frame, in the order that all windows of its key in the same pass can have, as sorting costs most."""
    placed = any(other.until <= 0 for other in windows if other.key == window.key)
    order, unit, gap = ("PLACE", PLACE, PLACE // 2) if placed else ("TX_EPOCH", 1, 0)
    begin, end = "UNBOUNDED PRECEDING", {0: "CURRENT ROW", BEFORE: "1 PRECEDING"}.get(window.until)
    if window.after is not None:
        begin = f"{(DAY * window.after - 1) * unit + gap} PRECEDING"
    return (
        f"{frame_name(window)} AS (PARTITION BY {window.key} ORDER BY {order}\n"
        f"            RANGE BETWEEN {begin} AND {end or f'{DAY * window.until * unit - gap} PRECEDING'})"
    )


def contributed(window: Window) -> str:
    """The name of what a row contributes to the window."""
    return f"{window.column}_{'SECOND' if window.kind in SECONDS else 'SUM'}"


def contribution(window: Window) -> str:
    """What a row contributes: count and value in one number, or its second."""
    column = COLUMNS[window.column]
    is_second = window.kind in SECONDS
    whole = "TX_EPOCH" if is_second else f"{2**column.bits} + {column.value}"
    return whole if column.where == "1" else f"IF({column.where} > 0, {whole}, {nothing(window)})"


def nothing(window: Window) -> str:
    """What is contributed by a row that is none for the window."""
    return "NULL" if window.kind in SECONDS else "0"


def aggregate(window: Window) -> str:
    """The aggregate over the frame."""
    if window.kind in SECONDS:
        return f"{SECONDS[window.kind][0]}({contributed(window)}) OVER {frame_name(window)} AS {result(window)}"
    total = f"SUM({contributed(window)}) OVER {frame_name(window)}"
    return f"COALESCE(CAST({total} AS BIGINT), 0) AS {result(window)}"


def parts(window: Window) -> tuple[str, ...]:
    """What `value` is made of, from what the frame gives."""
    name, size = result(window), 2 ** COLUMNS[window.column].bits
    if window.kind in SECONDS:
        return (name,)
    return (
        f"CAST(({name} - MOD({name}, {size}))\n            / {size} AS BIGINT) AS {name}_COUNT",
        f"MOD({name}, {size}) AS {name}_TOTAL",
    )
