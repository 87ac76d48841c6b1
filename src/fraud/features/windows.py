"""The definition of the features: a table of windows, from which features.sql is made.

    python -m fraud.features.windows

writes features.sql anew; it is committed, and a test fails if it is not what the table gives. What a feature means
is that of the Fraud Detection Handbook, chapter 3.

A window of d days with a delay of e days takes in, at time t, the transactions of the same key in
(t - e - d days, t - e days], to the second: one that is exactly e + d days old is out, one that is exactly e days
old is in. Without a delay the transaction itself is in; among transactions of the same second the one with the
smaller TRANSACTION_ID came first, and does not see the others. No window sees what comes after.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from fraud.data import MINOR_UNITS, TOTAL_BITS

DAY = 86_400


@dataclass(frozen=True)
class Column:
    """What windows add up: a whole number of 0 or more a row, in SQL, so many to the unit that a mean is given in.

    The total of a window must stay below 2^bits, its count below 2^(63 - bits).
    """

    value: str
    units: int
    bits: int


@dataclass(frozen=True)
class Window:
    """A feature: its name, whose transactions, what of them is added up, over how many days, and given as what.

    `delay` is the number of days, before the transaction, that the window ends at; 0: with the transaction itself.
    """

    name: str
    key: str
    column: str
    days: int
    delay: int
    kind: str

    @property
    def frame(self) -> str:
        """The same for the windows that take in the same transactions."""
        return f"{self.key.removesuffix('_ID')}_{self.days}" + (f"_AFTER_{self.delay}" if self.delay else "")

    @property
    def packed(self) -> str:
        """The sum that holds count and total of the frame; windows that differ in kind only share it."""
        return f"{self.column}_{self.frame}"


COLUMNS = {
    "CENTS": Column(f"CAST(ROUND(TX_AMOUNT * {MINOR_UNITS}) AS BIGINT)", MINOR_UNITS, TOTAL_BITS),
    "FRAUDS": Column("TX_FRAUD", 1, 31),
}

# Formulas of a window's count and total; the mean of nothing is 0.
KINDS = {
    "count": "{count}",
    "mean": "{total} / ({units} * GREATEST({count}, 1))",
}

# A card's own past is known at once; whether a transaction was fraud, only 7 days later.
WINDOWS = (
    Window("CUSTOMER_ID_NB_TX_1DAY_WINDOW", "CUSTOMER_ID", "CENTS", 1, 0, "count"),
    Window("CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW", "CUSTOMER_ID", "CENTS", 1, 0, "mean"),
    Window("CUSTOMER_ID_NB_TX_7DAY_WINDOW", "CUSTOMER_ID", "CENTS", 7, 0, "count"),
    Window("CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW", "CUSTOMER_ID", "CENTS", 7, 0, "mean"),
    Window("CUSTOMER_ID_NB_TX_30DAY_WINDOW", "CUSTOMER_ID", "CENTS", 30, 0, "count"),
    Window("CUSTOMER_ID_AVG_AMOUNT_30DAY_WINDOW", "CUSTOMER_ID", "CENTS", 30, 0, "mean"),
    Window("TERMINAL_ID_NB_TX_1DAY_WINDOW", "TERMINAL_ID", "FRAUDS", 1, 7, "count"),
    Window("TERMINAL_ID_RISK_1DAY_WINDOW", "TERMINAL_ID", "FRAUDS", 1, 7, "mean"),
    Window("TERMINAL_ID_NB_TX_7DAY_WINDOW", "TERMINAL_ID", "FRAUDS", 7, 7, "count"),
    Window("TERMINAL_ID_RISK_7DAY_WINDOW", "TERMINAL_ID", "FRAUDS", 7, 7, "mean"),
    Window("TERMINAL_ID_NB_TX_30DAY_WINDOW", "TERMINAL_ID", "FRAUDS", 30, 7, "count"),
    Window("TERMINAL_ID_RISK_30DAY_WINDOW", "TERMINAL_ID", "FRAUDS", 30, 7, "mean"),
)

# What needs no window. 1970-01-01 was a Thursday: three days on, days 0 to 4 of a week are Monday to Friday. Night
# ends at 07:00:00: the handbook takes the hours 0 to 6.
MOMENTS = {
    "TX_DURING_WEEKEND": "CASE WHEN MOD(FLOOR(TX_EPOCH / 86400) + 3, 7) >= 5 THEN 1 ELSE 0 END",
    "TX_DURING_NIGHT": "CASE WHEN MOD(TX_EPOCH, 86400) < 25200 THEN 1 ELSE 0 END",
}

TEMPLATE = Template("""\
-- Made from the table in windows.py by `python -m fraud.features.windows`: change it there.
--
-- Reads the view `transactions` of the data contract (TRANSACTION_ID, TX_DATETIME, TX_EPOCH, CUSTOMER_ID,
-- TERMINAL_ID, TX_AMOUNT, TX_FRAUD), TX_EPOCH being whole seconds since 1970-01-01 00:00:00, and gives one row
-- for each of its rows, in no order.
--
-- Written in what DuckDB and Spark SQL both take. Time is an integer, not a timestamp, because the two engines
-- share neither a function that gives seconds nor an interval frame that is open on one side; the view is the
-- only engine-specific place.
--
-- PLACE orders transactions by second and TRANSACTION_ID: TX_EPOCH * 2^65 + TRANSACTION_ID. A frame over d days
-- reaches back (86400 d - 1) * 2^65 + 2^64: every place of its oldest second and none of the second before,
-- whatever the two TRANSACTION_IDs are, since they differ by less than 2^64.
--
-- A frame is evaluated once, for count and total together: each row adds 2^k plus its value, so that a sum of less
-- than 2^63 is 2^k * count + total as long as the total is below 2^k.

WITH placed AS (
    SELECT
        $carried,
        $values,
        CAST(TX_EPOCH AS DECIMAL(38, 0)) * $place + TRANSACTION_ID AS PLACE
    FROM transactions
),

summed AS (
    SELECT
        $carried,
        $sums
    FROM placed
    WINDOW
        $frames
),

parted AS (
    SELECT
        $carried,
        $parts
    FROM summed
)

SELECT
    TRANSACTION_ID,
    TX_DATETIME,
    CUSTOMER_ID,
    TERMINAL_ID,
    TX_AMOUNT,
    $moments,
    $features,
    TX_FRAUD
FROM parted
""")


def sql(windows: Iterable[Window] = WINDOWS) -> str:
    """The query that gives the features of every transaction, in the order of the table."""
    rows = tuple(windows)
    frames = {window.frame: window for window in rows}
    sums = {window.packed: window for window in rows}
    return TEMPLATE.substitute(
        carried="TRANSACTION_ID, TX_DATETIME, TX_EPOCH, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD",
        values=_lines(8, (f"{2**column.bits} + {column.value} AS {name}" for name, column in COLUMNS.items())),
        place=2**65,
        sums=_lines(8, (_sum(window) for window in sums.values())),
        frames=_lines(8, (_frame(window) for window in frames.values())),
        parts=_lines(8, (part for window in sums.values() for part in _parts(window))),
        moments=_lines(4, (f"{formula} AS {name}" for name, formula in MOMENTS.items())),
        features=_lines(4, (_feature(window) for window in rows)),
    )


def _lines(indent: int, items: Iterable[str]) -> str:
    return (",\n" + " " * indent).join(items)


def _sum(window: Window) -> str:
    return f"COALESCE(CAST(SUM({window.column}) OVER {window.frame} AS BIGINT), 0) AS {window.packed}"


def _frame(window: Window) -> str:
    oldest = DAY * (window.days + window.delay) - 1
    if window.delay:
        order, begin, end = "TX_EPOCH", oldest, f"{DAY * window.delay} PRECEDING"
    else:
        order, begin, end = "PLACE", oldest * 2**65 + 2**64, "CURRENT ROW"
    return (
        f"{window.frame} AS (PARTITION BY {window.key} ORDER BY {order}\n"
        f"            RANGE BETWEEN {begin} PRECEDING AND {end})"
    )


def _parts(window: Window) -> tuple[str, str]:
    packed, size = window.packed, 2 ** COLUMNS[window.column].bits
    return (
        f"CAST(({packed} - MOD({packed}, {size}))\n            / {size} AS BIGINT) AS {packed}_COUNT",
        f"MOD({packed}, {size}) AS {packed}_TOTAL",
    )


def _feature(window: Window) -> str:
    count, total = f"{window.packed}_COUNT", f"{window.packed}_TOTAL"
    formula = KINDS[window.kind].format(count=count, total=total, units=COLUMNS[window.column].units)
    return f"{formula}\n        AS {window.name}"


def main() -> int:
    """Write features.sql."""
    Path(__file__).with_name("features.sql").write_text(sql(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
