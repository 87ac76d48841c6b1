"""Frauds that were reported later than labels count as known: how windows over labels take them in.

Such a fraud is no row of the window. To the value of each later transaction a join adds what the fraud was known
as by then: genuine before it was reported, fraud after. So only these few are joined; a terminal with n
transactions and m such frauds costs n * m, in time only.
"""

import re
from collections.abc import Iterable
from string import Template

from fraud.data import LABEL_DAYS
from fraud.features.frames import SECONDS, contributed, contribution, lines, nothing, result, row_of
from fraud.features.windows import COLUMNS, DAY, Window

REPORTED = "TX_REPORTED_EPOCH"
LATE = f"IF(TX_FRAUD > 0, IF({REPORTED} > TX_EPOCH + {LABEL_DAYS * DAY}, 1, 0), 0)"

LATE_ROWS = Template(""",

late_$number AS (
    SELECT
        CUSTOMER_ID, TERMINAL_ID, TX_EPOCH, TX_REPORTED_EPOCH,
        $values
    FROM $source
    WHERE LATE > 0
)""")
LATE_OF = Template(""",

late_${number}_$key AS (
    SELECT
        seen.TRANSACTION_ID,
        $sums
    FROM placed AS seen
    JOIN late_$number AS late
        ON seen.$key = late.$key AND seen.TX_EPOCH - late.TX_EPOCH >= $least
    GROUP BY seen.TRANSACTION_ID
)""")
CORRECTED = Template(""",

corrected_$number AS (
    SELECT
        $carried,
        $sums
    FROM summed_$number AS summed
    $joins
)""")


def labelled(windows: Iterable[Window]) -> list[Window]:
    """The windows that hang on labels."""
    return [window for window in windows if COLUMNS[window.column].labelled]


def in_time(window: Window) -> str:
    """What a row contributes, if it is not late."""
    whole = contribution(window)
    return f"IF(LATE > 0, {nothing(window)}, {whole})" if labelled([window]) else whole


def corrected(number: int, windows: tuple[Window, ...], carried: Iterable[str], source: str) -> str:
    """The parts of the query that add the late frauds to what windows over labels gave in a pass."""
    hanging = labelled(windows)
    keys = {window.key: None for window in hanging}
    values = (
        f"{_with_label(contribution(window), label)} AS {contributed(window)}_{name}"
        for window in hanging
        for label, name in ((0, "GENUINE"), (1, "FRAUD"))
    )
    text = LATE_ROWS.substitute(number=number, source=source, values=lines(8, values))
    for key in keys:
        own = [window for window in hanging if window.key == key]
        text += LATE_OF.substitute(
            number=number,
            key=key,
            least=DAY * min(window.until for window in own),
            sums=lines(8, (_late_sum(window) for window in own)),
        )
    joins = (
        f"LEFT JOIN late_{number}_{key} ON summed.TRANSACTION_ID = late_{number}_{key}.TRANSACTION_ID"
        for key in keys
    )
    return text + CORRECTED.substitute(
        number=number,
        carried=row_of(f"summed.{name}" for name in carried),
        sums=lines(8, (_both(number, window) for window in windows)),
        joins="\n    ".join(joins),
    )


def _with_label(text: str, label: int) -> str:
    return re.sub(r"\bTX_FRAUD\b", str(label), text)


def _late_sum(window: Window) -> str:
    age, name = "seen.TX_EPOCH - late.TX_EPOCH", contributed(window)
    known = f"IF(late.{REPORTED} <= seen.TX_EPOCH, late.{name}_FRAUD, late.{name}_GENUINE)"
    inside = f"IF({age} >= {DAY * window.until}, {known}, {nothing(window)})"
    if window.after is not None:
        inside = f"IF({age} < {DAY * window.after}, {inside}, {nothing(window)})"
    if window.kind in SECONDS:
        return f"{SECONDS[window.kind][0]}({inside}) AS {result(window)}"
    return f"CAST(SUM({inside}) AS BIGINT) AS {result(window)}"


def _both(number: int, window: Window) -> str:
    name, late = result(window), f"late_{number}_{window.key}.{result(window)}"
    if not labelled([window]):
        return f"summed.{name}"
    if window.kind in SECONDS:
        return f"{SECONDS[window.kind][1]}(summed.{name}, {late}) AS {name}"
    return f"summed.{name} + COALESCE({late}, 0) AS {name}"
