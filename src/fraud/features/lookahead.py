"""No feature may know the future, whatever features.sql has become: checked each time that it ran.

The features of the first days are computed once more, from these days alone and with the labels turned that nobody
could know by then. If one comes out different, it was made of something that comes later.
"""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from fraud.data import LABEL_DAYS
from fraud.errors import FeaturesError
from fraud.features.table import ASIDE

DAYS, ROWS = 30, 1_000_000  # at most, so that the check costs little however much data there is
SAME = 1e-9  # relative: sums of fractions differ with the order of adding


def check(connection: duckdb.DuckDBPyConnection, query: str, computed: Path, name: str) -> None:
    """Raise FeaturesError if the query, named `name`, gave features in the file `computed` that know the future.

    The connection has the view `transactions` that the query read; the file is ordered by TX_DATETIME.
    """
    quoted = str(computed).replace("'", "''")
    file = f"read_parquet('{quoted}')"
    cut = _cut(connection, file)
    if cut is None:
        return
    columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()]
    features = [column for column in columns if column not in ASIDE]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE past AS "
        f"WITH transactions AS ({_past(connection, cut)}) SELECT * FROM ({query})"
    )
    joined = (
        f"FROM {file} AS whole LEFT JOIN past USING (TRANSACTION_ID) "
        f"WHERE whole.TX_DATETIME < make_timestamp({cut * 1_000_000})"
    )
    differ = [f"count(*) FILTER ({_differs(feature)})" for feature in features]
    [numbers] = connection.execute(f"SELECT count(*), {', '.join(differ)} {joined}").fetchall()
    for feature, number in zip(features, numbers[1:], strict=True):
        if number:
            [(row, time, with_future, without)] = connection.execute(
                f'SELECT TRANSACTION_ID, whole.TX_DATETIME, whole."{feature}", past."{feature}" {joined} '
                f"AND {_differs(feature)} ORDER BY whole.TX_DATETIME, TRANSACTION_ID LIMIT 1"
            ).fetchall()
            raise FeaturesError(
                f"{name}: {feature} knows the future: for TRANSACTION_ID {row} of {time} it is {with_future}, but "
                f"{without} by what was known on {datetime.fromtimestamp(cut, UTC):%Y-%m-%d %H:%M:%S} "
                f"({number} of {numbers[0]} rows differ); a window may end at its transaction at the latest, "
                f"and {LABEL_DAYS} days before it if it takes labels"
            )
    connection.execute("DROP TABLE past")


def _cut(connection: duckdb.DuckDBPyConnection, file: str) -> int | None:
    """The second that the first days end before; None if nothing comes after them.

    It is that of the row in the middle of twice as many days, which lies where there are many, and not at night.
    """
    second = "epoch_us(TX_DATETIME) // 1000000"
    [(first, last, rows)] = connection.execute(
        f"SELECT min({second}), max({second}), count(*) FILTER "
        f"(TX_DATETIME < (SELECT min(TX_DATETIME) FROM {file}) + INTERVAL {2 * DAYS} DAY) FROM {file}"
    ).fetchall()
    if first is None or first == last:
        return None
    [(middle,)] = connection.execute(
        f"SELECT {second} FROM {file} LIMIT 1 OFFSET {min(rows // 2, ROWS)}"
    ).fetchall()
    return max(int(middle), int(first) + 1)


def _past(connection: duckdb.DuckDBPyConnection, cut: int) -> str:
    """The transactions before a second; a label that is not known by then is turned, or genuine if it is late."""
    late = ""
    if "TX_REPORTED_EPOCH" in {row[0] for row in connection.execute("DESCRIBE transactions").fetchall()}:
        late = f"WHEN TX_REPORTED_EPOCH >= {cut} THEN 0 "
    label = f"CASE WHEN TX_EPOCH >= {cut - LABEL_DAYS * 86_400} THEN 1 - TX_FRAUD {late}ELSE TX_FRAUD END"
    return f"SELECT * REPLACE ({label} AS TX_FRAUD) FROM main.transactions WHERE TX_EPOCH < {cut}"


def _differs(feature: str) -> str:
    whole, past = (f'CAST({table}."{feature}" AS DOUBLE)' for table in ("whole", "past"))
    near = f"abs({whole} - {past}) <= {SAME} * greatest(1, abs({past}))"
    return f"({whole} IS DISTINCT FROM {past} AND NOT coalesce({near}, false))"
