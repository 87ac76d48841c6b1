"""The rules that each landed row has to keep, one row of a table each, and the rows that break them.

All of them are counted in one pass. Only where one is broken are the files read again, to say which rows do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from fraud.data import COUNT_BITS, MINOR_UNITS, TOTAL_BITS
from fraud.data.reading import COLUMNS, located
from fraud.errors import ContractError

LISTED = 20
"""How many of the rows that break a rule are listed."""
# Times that count as seconds from 0 up, and that Python's datetime reaches.
TIMES = ("1970-01-01", "9999-12-31")
# Of a float32, which models compute with: anything above it would become infinity.
LARGEST_AMOUNT = 3.4028234663852886e38
# To DuckDB NaN is above everything, but not in a Parquet file whose statistics leave it out.
ENDLESS = f"(NOT isfinite(TX_AMOUNT) OR TX_AMOUNT > {LARGEST_AMOUNT})"
# As far as a float32 can tell. What is endless is said before.
INEXACT = f"CAST(ROUND(TX_AMOUNT * {MINOR_UNITS}) / {MINOR_UNITS} AS FLOAT) <> CAST(TX_AMOUNT AS FLOAT)"
TWICE = "(SELECT TRANSACTION_ID FROM landed GROUP BY TRANSACTION_ID HAVING count(*) > 1)"
CROWDED = (
    f"(SELECT CUSTOMER_ID FROM landed GROUP BY CUSTOMER_ID "
    f"HAVING count(*) >= {2**COUNT_BITS} OR sum(TX_AMOUNT) >= {2**TOTAL_BITS / MINOR_UNITS})"
)


@dataclass(frozen=True)
class Rule:
    """What a row of the view `landed` must not be: `broken` is true of it, in SQL.

    `text` says it, of {number} among {rows} rows; {example} is the smallest `shown` of these.
    """

    name: str
    column: str
    broken: str
    text: str
    shown: str = "TRANSACTION_ID"


def rules(landed: Iterable[str], latest: datetime) -> Iterator[Rule]:
    """The rules for these columns; no row may be of a time after `latest`."""
    present = set(landed)
    for column in COLUMNS:
        name, raw = column.name, f"RAW_{column.name}"
        if name not in present:
            continue
        yield Rule(
            "type",
            name,
            f"{raw} IS NOT NULL AND {name} IS NULL",
            f"column {name} has the wrong type: found {{example!r}}, expected {column.kind.name} "
            "({number} of {rows} rows)",
            raw,
        )
        if column.required:
            yield Rule(
                "value", name, f"{raw} IS NULL", f"column {name} has no value in {{number}} of {{rows}} rows"
            )
    example = "in {number} of {rows} rows, for example TRANSACTION_ID {example}"
    yield Rule("negative", "TX_AMOUNT", "TX_AMOUNT < 0", f"TX_AMOUNT is negative {example}")
    yield Rule("finite", "TX_AMOUNT", ENDLESS, f"TX_AMOUNT is not a finite number below 3.4e38 {example}")
    yield Rule(
        "minor-units",
        "TX_AMOUNT",
        f"CASE WHEN NOT {ENDLESS} THEN {INEXACT} END",
        f"TX_AMOUNT has to be whole in {MINOR_UNITS}ths, which windows add up; it is not {example}; round it, or "
        "change MINOR_UNITS in fraud/data",
    )
    yield Rule(
        "time",
        "TX_DATETIME",
        f"TX_DATETIME NOT BETWEEN TIMESTAMP '{TIMES[0]}' AND TIMESTAMP '{TIMES[1]}'",
        f"TX_DATETIME must lie between {TIMES[0]} and {TIMES[1]}; found {{example}} ({{number}} of {{rows}} rows)",
        "RAW_TX_DATETIME",
    )
    yield Rule(
        "future",
        "TX_DATETIME",
        f"TX_DATETIME > TIMESTAMP '{latest}' AND TX_DATETIME <= TIMESTAMP '{TIMES[1]}'",
        f"TX_DATETIME lies in the future, after {latest:%Y-%m-%d %H:%M:%S} UTC; found {{example}} "
        "({number} of {rows} rows)",
        "RAW_TX_DATETIME",
    )
    yield Rule(
        "flag",
        "TX_FRAUD",
        "TX_FRAUD NOT IN (0, 1)",
        "TX_FRAUD must be 0 or 1; found {example} ({number} of {rows} rows)",
        "RAW_TX_FRAUD",
    )


def broken(rows: list[Rule], facts: dict[str, Any], path: Path) -> list[tuple[Rule, int, str]]:
    """The rules that `facts`, the answers to `counts`, say are broken: how often, and what is said of it."""
    found = []
    for place, rule in enumerate(rows):
        if number := facts[f"{place} number"]:
            said = rule.text.format(number=number, rows=facts["rows"], example=facts[f"{place} example"])
            found.append((rule, number, f"{path}: {said}"))
    return found


def counts(rows: list[Rule]) -> dict[str, str]:
    """What to ask for each rule, as expressions over the view `landed`."""
    wanted = {}
    for place, rule in enumerate(rows):
        wanted[f"{place} number"] = f"count(*) FILTER ({rule.broken})"
        wanted[f"{place} example"] = f"min({rule.shown}) FILTER ({rule.broken})"
    return wanted


def broken_together(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[Rule, int, str]]:
    """What only all rows together can break: numbers that occur twice, cards with too much for exact sums."""
    found = []
    # A GROUP BY can go to disk; count(DISTINCT) on a unique column would hold all of it in memory.
    twice = connection.execute(
        "SELECT count(*), min(TRANSACTION_ID), first(n ORDER BY TRANSACTION_ID), sum(n)::BIGINT FROM "
        "(SELECT TRANSACTION_ID, count(*) AS n FROM landed GROUP BY TRANSACTION_ID HAVING n > 1)"
    ).fetchall()[0]
    if twice[0]:
        said = f"TRANSACTION_ID must be unique; {twice[1]} occurs {twice[2]} times ({twice[0]} duplicated in all)"
        rule = Rule("unique", "TRANSACTION_ID", f"TRANSACTION_ID IN {TWICE}", said)
        found.append((rule, twice[3], f"{path}: {said}"))
    crowded = connection.execute(
        f"SELECT CUSTOMER_ID, count(*) AS n, sum(TX_AMOUNT) AS total FROM landed WHERE CUSTOMER_ID IN {CROWDED} "
        "GROUP BY CUSTOMER_ID ORDER BY CUSTOMER_ID"
    ).fetchall()
    if crowded:
        card, number, total = crowded[0]
        said = (
            f"CUSTOMER_ID {card} has {number} transactions of {total:.6g} in all; windows add up fewer than "
            f"{2**COUNT_BITS} of less than {2**TOTAL_BITS / MINOR_UNITS:.6g} for one card"
        )
        rule = Rule("exact-sums", "CUSTOMER_ID", f"CUSTOMER_ID IN {CROWDED}", said)
        found.append((rule, sum(each[1] for each in crowded), f"{path}: {said}"))
    return found


def refused(
    connection: duckdb.DuckDBPyConnection, files: dict[str, Path], found: list[tuple[Rule, int, str]]
) -> ContractError:
    """The error for broken rules: its line is the first one's; each lists the first rows that break it."""
    located(connection, files)
    violations = []
    for rule, number, said in found:
        rows = connection.execute(
            f"SELECT FILE, ROW, RAW_{rule.column} FROM located WHERE {rule.broken} "
            f"ORDER BY FILE, ROW LIMIT {LISTED}"
        ).fetchall()
        listed = [{"file": file, "row": row, "value": value} for file, row, value in rows]
        violations.append(
            {"rule": rule.name, "column": rule.column, "count": number, "text": said, "rows": listed}
        )
    return ContractError(found[0][2], violations)
