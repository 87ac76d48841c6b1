"""From the table in windows.py to SQL.

    python -m fraud.features.query

writes features.sql anew, and features_reported.sql for transactions that say when their fraud was reported; both
are committed, and a test fails if they are not what the table gives.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from string import Template

from fraud.data import LABEL_DAYS, MINOR_UNITS
from fraud.features import late
from fraud.features.frames import PLACE, aggregate, contributed, contribution, frame, lines, parts, row_of, value
from fraud.features.passes import NAME, Pass, Row, passes, rows_by_name
from fraud.features.windows import FEATURES, Window

FILES = {"features.sql": False, "features_reported.sql": True}
ROW = ("TRANSACTION_ID", "TX_DATETIME", "TX_EPOCH", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD")
NOTE = """\
--
-- A fraud that was reported later than labels count as known (LATE) is no row of the windows over labels. To what
-- these give, a join adds what it was known as by each later transaction: genuine, then fraud.
"""

BEGIN = Template("""\
-- Made from the table in windows.py by `python -m fraud.features.query`: change it there.
--
-- Reads the view `transactions` of the data contract, columns
--     $columns,
-- TX_EPOCH being whole seconds since 1970-01-01 00:00:00, and gives one row for each of its rows, in no order.
--
-- Written in what DuckDB and Spark SQL both take. Time is an integer, not a timestamp, because the two engines
-- share neither a function that gives seconds nor an interval frame that is open on one side; the view is the
-- only engine-specific place.
--
-- PLACE orders transactions by second and TRANSACTION_ID: TX_EPOCH * 2^65 + TRANSACTION_ID. A frame over d days
-- reaches back (86400 d - 1) * 2^65 + 2^64: every place of its oldest second and none of the second before,
-- whatever the two TRANSACTION_IDs are, since they differ by less than 2^64. In the same way a frame that ends
-- with what is d days old ends at 86400 d * 2^65 - 2^64.
--
-- A frame is evaluated once, for count and total together: each row adds 2^k plus its value, so that a sum of less
-- than 2^63 is 2^k * count + total as long as the total is below 2^k.
--
-- Windows over what is made of other windows come in a later pass; what can wait for the last one does.
$note
WITH placed AS (
    SELECT
        $row,
        CAST(ROUND(TX_AMOUNT * $units) AS BIGINT) AS CENTS,
        CAST(TX_EPOCH AS DECIMAL(38, 0)) * $place + TRANSACTION_ID AS PLACE$late
    FROM transactions
)""")
PASS = Template(""",

valued_$number AS (
    SELECT
        $carried,
        $values
    FROM $source
),

summed_$number AS (
    SELECT
        $carried,
        $sums
    FROM valued_$number
    WINDOW
        $frames
)$corrections,

parted_$number AS (
    SELECT
        $carried,
        $parts
    FROM $summed
)""")
DERIVED = Template(""",

derived_$number AS (
    SELECT
        $carried,
        $formulas
    FROM $source
)""")
END = Template("""

SELECT
    TRANSACTION_ID,
    TX_DATETIME,
    CUSTOMER_ID,
    TERMINAL_ID,
    TX_AMOUNT,
    $features,
    TX_FRAUD
FROM $source
""")


def sql(features: Iterable[Row] = FEATURES, *, reported: bool = False) -> str:
    """The query that gives these features of every transaction, in their order.

    `reported`: with the seconds at which frauds were reported. Raises ValueError for a window that would see
    labels before they are known.
    """
    wanted = tuple(features)
    rows, taken = rows_by_name(wanted), passes(wanted)
    for window in late.labelled(window for one in taken for window in one.windows):
        if window.until < LABEL_DAYS:
            raise ValueError(f"{window.name}: labels are known after {LABEL_DAYS} days, and not before")
    base = [*ROW, *([late.REPORTED] if reported else [])]
    text = BEGIN.substitute(
        columns=", ".join(base),
        row=row_of(base),
        units=MINOR_UNITS,
        place=PLACE,
        note=NOTE if reported else "",
        late=f",\n        {late.LATE} AS LATE" if reported else "",
    )
    base += ["CENTS", "PLACE", *(["LATE"] if reported else [])]
    source = "placed"
    for number, one in enumerate(taken, 1):
        carried = [*base, *one.given]
        if one.windows:
            text += _pass(number, one, carried, source, reported)
            source = f"parted_{number}"
        if one is not taken[-1]:
            formulas = lines(8, (f"{_expanded(row, rows, one)} AS {row.name}" for row in one.gives))
            text += DERIVED.substitute(number=number, carried=row_of(carried), formulas=formulas, source=source)
            source = f"derived_{number}"
    return text + END.substitute(
        features=lines(4, (f"{_expanded(row, rows, taken[-1])}\n        AS {row.name}" for row in wanted)),
        source=source,
    )


def _pass(number: int, one: Pass, carried: list[str], source: str, reported: bool) -> str:
    windows = one.windows
    mended = reported and late.labelled(windows)
    of_row = late.in_time if reported else contribution
    return PASS.substitute(
        number=number,
        carried=row_of(carried),
        source=source,
        values=lines(8, (f"{of_row(window)} AS {contributed(window)}" for window in windows)),
        sums=lines(8, (aggregate(window) for window in windows)),
        frames=lines(8, (frame(window, windows) for window in windows)),
        corrections=late.corrected(number, windows, carried, source) if mended else "",
        parts=lines(8, (part for window in windows for part in parts(window))),
        summed=f"{'corrected' if mended else 'summed'}_{number}",
    )


def _expanded(row: Row, rows: dict[str, Row], one: Pass) -> str:
    """A row of the table as an expression of windows of its pass and of what earlier passes gave."""
    if row.name in one.given:
        return row.name
    if isinstance(row, Window):
        return value(row)

    def of_name(found: re.Match[str]) -> str:
        if found[0] not in rows:
            return found[0]
        inner = _expanded(rows[found[0]], rows, one)
        return inner if NAME.fullmatch(inner) else f"({inner})"

    return NAME.sub(of_name, row.expression)


def main() -> int:
    """Write the files."""
    for name, reported in FILES.items():
        Path(__file__).with_name(name).write_text(sql(reported=reported), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
