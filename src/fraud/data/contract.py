"""The contract of landed transactions: their columns, what their values may be, and how old they may get.

`check` reads a file or a folder once, as aggregates in SQL, so that memory does not grow with the data. It
imports nothing heavier than DuckDB, because a command line calls it too.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from fraud.data import COUNT_BITS, MINOR_UNITS, TOTAL_BITS
from fraud.data.reading import COLUMNS, create_views, engine, landed_files, unreadable
from fraud.errors import ContractError

__all__ = ["ContractError", "check", "check_view"]


# Times that count as seconds from 0 up, and that Python's datetime reaches.
TIMES = ("1970-01-01", "9999-12-31")
# Of a float32, which models compute with: anything above it would become infinity.
LARGEST_AMOUNT = 3.4028234663852886e38


def check(
    path: str | Path, *, as_of: str | datetime | None = None, max_age_days: float | None = None
) -> dict[str, Any]:
    """Check a .parquet or .csv file of transactions, or a folder of them; return the validation document.

    `as_of` is the date or time (ISO 8601, UTC if it names no zone; default: now) that the newest transaction may
    be at most `max_age_days` days older than; without `max_age_days` age is not checked. Raises ContractError,
    one line, for the first thing that is not as the contract says.
    """
    files = landed_files(Path(path))
    with engine() as connection:
        create_views(connection, files)
        return check_view(connection, Path(path), files, as_of=as_of, max_age_days=max_age_days)


def check_view(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    files: list[Path],
    *,
    as_of: str | datetime | None = None,
    max_age_days: float | None = None,
) -> dict[str, Any]:
    """`check` on a connection where the views of `files` are created already."""
    now = _moment(as_of)
    facts = _facts(connection, path)
    if not facts["rows"]:
        raise ContractError(f"{path}: no rows")
    _check_values(path, facts)
    _check_duplicates(connection, path)
    _check_amounts(connection, path)
    root = path if path.is_dir() else path.parent
    return {
        "schema": "validation/1",
        "rows": facts["rows"],
        "frauds": facts["frauds"],
        "first": facts["first"].isoformat(),
        "last": facts["last"].isoformat(),
        "customers": facts["customers"],
        "terminals": facts["terminals"],
        "files": [file.relative_to(root).as_posix() for file in files],
        "freshness": _freshness(path, facts["last"], now, max_age_days),
    }


def _facts(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any]:
    """Everything about the values that one pass can tell, by name."""
    # To DuckDB NaN is above everything, but not in a Parquet file whose statistics leave it out.
    endless = f"NOT isfinite(TX_AMOUNT) OR TX_AMOUNT > {LARGEST_AMOUNT}"
    outside = f"TX_DATETIME NOT BETWEEN TIMESTAMP '{TIMES[0]}' AND TIMESTAMP '{TIMES[1]}'"
    landed = {row[0] for row in connection.execute("DESCRIBE landed").fetchall()}
    wanted = {
        "rows": "count(*)",
        "frauds": "sum(TX_FRAUD)::BIGINT",
        "first": "min(TX_DATETIME)",
        "last": "max(TX_DATETIME)",
        "customers": "count(DISTINCT CUSTOMER_ID)",
        "terminals": "count(DISTINCT TERMINAL_ID)",
        "negative": "count(*) FILTER (TX_AMOUNT < 0)",
        "negative_id": "min(TRANSACTION_ID) FILTER (TX_AMOUNT < 0)",
        "not_finite": f"count(*) FILTER ({endless})",
        "not_finite_id": f"min(TRANSACTION_ID) FILTER ({endless})",
        "no_time": f"count(*) FILTER ({outside})",
        "no_time_value": f"min(RAW_TX_DATETIME) FILTER ({outside})",
        "not_flag": "count(*) FILTER (TX_FRAUD NOT IN (0, 1))",
        "not_flag_value": "min(RAW_TX_FRAUD) FILTER (TX_FRAUD NOT IN (0, 1))",
    }
    for column in COLUMNS:
        if column.name in landed:
            name, raw = column.name, f"RAW_{column.name}"
            wanted[f"{name} null"] = f"count(*) FILTER ({raw} IS NULL)"
            wanted[f"{name} bad"] = f"count(*) FILTER ({raw} IS NOT NULL AND {name} IS NULL)"
            wanted[f"{name} bad value"] = f"min({raw}) FILTER ({raw} IS NOT NULL AND {name} IS NULL)"
    try:
        values = connection.execute(f"SELECT {', '.join(wanted.values())} FROM landed").fetchone()
    except duckdb.Error as error:
        raise unreadable(path, error) from error
    return dict(zip(wanted, values or (), strict=True))


def _check_values(path: Path, facts: dict[str, Any]) -> None:
    rows = facts["rows"]
    for column in COLUMNS:
        if facts.get(f"{column.name} bad"):
            raise ContractError(
                f"{path}: column {column.name} has the wrong type: found {facts[f'{column.name} bad value']!r}, "
                f"expected {column.kind.name} ({facts[f'{column.name} bad']} of {rows} rows)"
            )
        if column.required and facts[f"{column.name} null"]:
            raise ContractError(
                f"{path}: column {column.name} has no value in {facts[f'{column.name} null']} of {rows} rows"
            )
    for what, text in (("negative", "negative"), ("not_finite", "not a finite number below 3.4e38")):
        if facts[what]:
            raise ContractError(
                f"{path}: TX_AMOUNT is {text} in {facts[what]} of {rows} rows, "
                f"for example TRANSACTION_ID {facts[f'{what}_id']}"
            )
    if facts["no_time"]:
        raise ContractError(
            f"{path}: TX_DATETIME must lie between {TIMES[0]} and {TIMES[1]}; found {facts['no_time_value']} "
            f"({facts['no_time']} of {rows} rows)"
        )
    if facts["not_flag"]:
        raise ContractError(
            f"{path}: TX_FRAUD must be 0 or 1; found {facts['not_flag_value']} "
            f"({facts['not_flag']} of {rows} rows)"
        )


def _check_duplicates(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    # A GROUP BY can go to disk; count(DISTINCT) on a unique column would hold all of it in memory.
    row = connection.execute(
        "SELECT count(*), min(TRANSACTION_ID), first(n ORDER BY TRANSACTION_ID) FROM "
        "(SELECT TRANSACTION_ID, count(*) AS n FROM landed GROUP BY TRANSACTION_ID HAVING n > 1)"
    ).fetchone()
    if row and row[0]:
        raise ContractError(
            f"{path}: TRANSACTION_ID must be unique; {row[1]} occurs {row[2]} times ({row[0]} duplicated in all)"
        )


def _check_amounts(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise ContractError unless the amounts add up exactly, in any order.

    They have to be whole minor units, as far as a float32 can tell, which is what models compute with; and of one
    card, over all its transactions, so few and so small that no window's count or total can overflow.
    """
    inexact = f"CAST(ROUND(TX_AMOUNT * {MINOR_UNITS}) / {MINOR_UNITS} AS FLOAT) <> CAST(TX_AMOUNT AS FLOAT)"
    number, example = connection.execute(
        f"SELECT count(*), min(TRANSACTION_ID) FROM landed WHERE {inexact}"
    ).fetchall()[0]
    if number:
        raise ContractError(
            f"{path}: TX_AMOUNT has to be whole in {MINOR_UNITS}ths, which windows add up; in {number} rows it is "
            f"not, for example TRANSACTION_ID {example}; round it, or change MINOR_UNITS in fraud/data"
        )
    crowded = connection.execute(
        f"SELECT CUSTOMER_ID, count(*) AS n, sum(TX_AMOUNT) AS total FROM landed GROUP BY CUSTOMER_ID "
        f"HAVING n >= {2**COUNT_BITS} OR total >= {2**TOTAL_BITS / MINOR_UNITS} ORDER BY CUSTOMER_ID LIMIT 1"
    ).fetchone()
    if crowded:
        raise ContractError(
            f"{path}: CUSTOMER_ID {crowded[0]} has {crowded[1]} transactions of {crowded[2]:.6g} in all; windows "
            f"add up fewer than {2**COUNT_BITS} of less than {2**TOTAL_BITS / MINOR_UNITS:.6g} for one card"
        )


def _moment(as_of: str | datetime | None) -> datetime:
    """`as_of` as a time in UTC without a zone, as the transactions' are."""
    if as_of is None:
        return datetime.now(UTC).replace(tzinfo=None)
    try:
        moment = as_of if isinstance(as_of, datetime) else datetime.fromisoformat(as_of)
    except ValueError as error:
        raise ContractError(f"as-of: {as_of!r} is not a date or time such as 2018-10-01") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _freshness(path: Path, last: datetime, now: datetime, max_age_days: float | None) -> dict[str, Any] | None:
    if max_age_days is None:
        return None
    age = (now - last).total_seconds() / 86400
    if not age <= max_age_days:  # a limit that is not a number is none that data could keep
        raise ContractError(
            f"{path}: the data is too old: its newest transaction is of {last}, "
            f"{age:.1f} days before {now.replace(microsecond=0)}; the limit is {max_age_days:g} days"
        )
    return {"as_of": now.isoformat(), "max_age_days": max_age_days, "age_days": round(age, 3)}
