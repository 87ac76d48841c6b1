"""The contract of landed transactions: columns, what values may be, how old they may get, how many there are.

`check` reads a file or a folder as aggregates in SQL, so that memory does not grow with the data. It imports
nothing heavier than DuckDB, because a command line calls it too.
"""

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from fraud.data import manifest
from fraud.data.alarms import alarms
from fraud.data.formats import unreadable
from fraud.data.policy import Policy
from fraud.data.reading import COLUMNS, create_views, engine, landed_files, named
from fraud.data.rules import broken, broken_together, counts, refused, rules
from fraud.errors import ContractError

__all__ = ["ContractError", "check", "check_view"]
SCHEMA = "validation/2"


def check(path: str | Path, **settings: Any) -> dict[str, Any]:
    """Check a file of transactions, or a folder of them; return the validation document.

    `settings` are those of `fraud.data.policy.Policy`. Raises ContractError: one line for the first thing that is
    not as the contract says, with the rows that break its rules.
    """
    files = landed_files(Path(path))
    with engine() as connection:
        create_views(connection, files)
        return check_view(connection, Path(path), files, **settings)


def check_view(
    connection: duckdb.DuckDBPyConnection, path: Path, files: list[Path], **settings: Any
) -> dict[str, Any]:
    """`check` on a connection where the views of `files` are created already."""
    policy = Policy.of(settings)
    known = named(path, files)
    entries = manifest.read(path, known)
    facts = _hold_rules(connection, path, known, policy)
    by_file, by_day = _volumes(connection, list(known))
    freshness = _freshness(path, policy, facts["last"], manifest.newest_landing(entries))
    found = alarms(facts, by_day, policy)
    if grave := [each for each in found if each["alarm"] in policy.refuse]:
        violations = [{"rule": a["alarm"], "count": 1, "text": f"{path}: {a['text']}", "rows": []} for a in grave]
        raise ContractError(str(violations[0]["text"]), violations)
    return {
        "schema": SCHEMA,
        "rows": facts["rows"],
        "frauds": facts["frauds"],
        "first": facts["first"].isoformat(),
        "last": facts["last"].isoformat(),
        "customers": facts["customers"],
        "terminals": facts["terminals"],
        "files": [
            {**by_file[name], **{key: entries[name].get(key) for key in ("sha256", "landed") if entries}}
            for name in known
        ],
        "freshness": freshness,
        "alarms": found,
    }


def _hold_rules(
    connection: duckdb.DuckDBPyConnection, path: Path, files: dict[str, Path], policy: Policy
) -> dict[str, Any]:
    """What one pass can tell, by name. Raises ContractError where there are no rows or a rule is broken."""
    landed = [row[0] for row in connection.execute("DESCRIBE landed").fetchall()]
    table = list(rules(landed, policy.latest))
    wanted = {
        "rows": "count(*)",
        "frauds": "sum(TX_FRAUD)::BIGINT",
        "first": "min(TX_DATETIME)",
        "last": "max(TX_DATETIME)",
        "customers": "count(DISTINCT CUSTOMER_ID)",
        "terminals": "count(DISTINCT TERMINAL_ID)",
        **counts(table),
    }
    for column in COLUMNS:
        if column.name in landed and not column.required:
            wanted[f"{column.name} empty"] = f"count(*) FILTER (RAW_{column.name} IS NULL)"
    try:
        values = connection.execute(f"SELECT {', '.join(wanted.values())} FROM landed").fetchone()
    except duckdb.Error as error:
        raise unreadable(path, error) from error
    facts = dict(zip(wanted, values or (), strict=True))
    if not facts["rows"]:
        raise ContractError(f"{path}: no rows")
    if found := broken(table, facts, path) or broken_together(connection, path):
        raise refused(connection, files, found)
    return facts


def _volumes(
    connection: duckdb.DuckDBPyConnection, names: list[str]
) -> tuple[dict[str, dict[str, Any]], Counter[date]]:
    """Of each file its rows and their times, and of each day its number of rows."""
    by_file: dict[str, dict[str, Any]] = {
        name: {"file": name, "rows": 0, "first": None, "last": None} for name in names
    }
    by_day: Counter[date] = Counter()
    query = (
        "SELECT FILE, CAST(TX_DATETIME AS DATE) AS day, count(*), min(TX_DATETIME), max(TX_DATETIME) "
        "FROM landed GROUP BY FILE, day ORDER BY FILE, day"
    )
    for place, day, number, first, last in connection.execute(query).fetchall():
        file = by_file[names[place]]
        file["rows"] += number
        file["first"] = file["first"] or first.isoformat()
        file["last"] = last.isoformat()
        by_day[day] += number
    return by_file, by_day


def _freshness(path: Path, policy: Policy, last: datetime, landed: datetime | None) -> dict[str, Any]:
    """How old the data is, by its newest transaction and its newest landing. Raises ContractError if too old."""
    now = policy.now
    document: dict[str, Any] = {"as_of": None if policy.as_of is None else now.isoformat()}
    for key, what, newest, limit in (
        ("event", "transaction is", last, policy.max_age_days),
        ("landing", "landing is", landed, policy.max_landing_age_days),
    ):
        document[key] = {"newest": newest and newest.isoformat(), "max_age_days": limit}
        if limit is None or newest is None:
            continue
        age = (now - newest).total_seconds() / 86400
        if not age <= limit:  # a limit that is not a number is none that data could keep
            raise ContractError(
                f"{path}: the data is too old: its newest {what} of {newest}, "
                f"{age:.1f} days before {now.replace(microsecond=0)}; the limit is {limit:g} days"
            )
        document[key]["age_days"] = round(age, 3)
    return document
