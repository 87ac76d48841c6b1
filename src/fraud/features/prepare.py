"""The step `prepare`: check landed transactions against the contract, then compute their features.

    python -m fraud.features.prepare --transactions PATH --features FOLDER --validation FOLDER

writes features.parquet, ordered by TX_DATETIME and TRANSACTION_ID, and validation.json. Nothing is written if a
feature knows the future.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from fraud.data.contract import check_view
from fraud.data.reading import create_views, engine, landed_files
from fraud.errors import FeaturesError, exit_code_of
from fraud.features import lookahead
from fraud.features.table import REPORTED, SCENARIO
from fraud.output import written_whole
from fraud.tracking import log_run

FEATURES_SQL = Path(__file__).with_name("features.sql")
REPORTED_SQL = Path(__file__).with_name("features_reported.sql")  # where the data says when frauds were reported


def prepare(
    transactions: Path,
    features: Path,
    validation: Path,
    *,
    as_of: str | None = None,
    max_age_days: float | None = None,
    query: str = "",
) -> dict[str, Any]:
    """Write both outputs and return the validation document.

    With `query` that is run in place of features.sql: to try features before they are written down. Raises
    ContractError for the data, FeaturesError for the query, and then writes nothing.
    """
    files = landed_files(transactions)
    with engine() as connection:
        create_views(connection, files)
        document = check_view(connection, transactions, files, as_of=as_of, max_age_days=max_age_days)
        with written_whole(features) as folder:
            source = features_sql(connection)
            name, target = "the query" if query else source.name, folder / "features.parquet"
            query = query or source.read_text(encoding="utf-8")
            quoted = str(target).replace("'", "''")
            try:
                connection.execute(
                    f"COPY ({with_facts(connection, query)} ORDER BY TX_DATETIME, TRANSACTION_ID) "
                    f"TO '{quoted}' (FORMAT parquet, COMPRESSION snappy)"
                )
            except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
                raise FeaturesError(f"{name}: DuckDB cannot run it: {' '.join(str(error).split())}") from error
            lookahead.check(connection, query, target, name)
    with written_whole(validation) as folder:
        (folder / "validation.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return document


def features_sql(connection: duckdb.DuckDBPyConnection) -> Path:
    """The query for what the view `transactions` has."""
    columns = {row[0] for row in connection.execute("DESCRIBE transactions").fetchall()}
    return REPORTED_SQL if "TX_REPORTED_EPOCH" in columns else FEATURES_SQL


def with_facts(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """The query's rows, with what the data says of each fraud: its kind, for slices, and when it was reported."""
    columns = {row[0] for row in connection.execute("DESCRIBE landed").fetchall()}
    known = [name for name in (SCENARIO, REPORTED) if name in columns]
    if not known:
        return f"SELECT * FROM ({query})"
    names = ", ".join(known)
    facts = f"SELECT TRANSACTION_ID, {names} FROM landed"
    return f"SELECT features.*, {names} FROM ({query}) AS features JOIN ({facts}) USING (TRANSACTION_ID)"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of the step; 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m fraud.features.prepare", description="Check and prepare.")
    parser.add_argument("--transactions", type=Path, required=True, help="a .parquet or .csv file, or a folder")
    parser.add_argument("--features", type=Path, required=True, help="folder for features.parquet")
    parser.add_argument("--validation", type=Path, required=True, help="folder for validation.json")
    parser.add_argument("--as-of", help="date or time (ISO 8601) that age is counted from; default: now")
    parser.add_argument("--max-age-days", type=float, help="refuse data whose newest transaction is older")
    options = parser.parse_args(argv)

    def command() -> None:
        document = prepare(
            options.transactions,
            options.features,
            options.validation,
            as_of=options.as_of,
            max_age_days=options.max_age_days,
        )
        log_run({}, {"rows": document["rows"], "frauds": document["frauds"]})
        sys.stdout.write(
            f"{document['rows']} transactions, {document['frauds']} frauds, "
            f"{document['first']} to {document['last']}\n"
        )

    return exit_code_of(command)


if __name__ == "__main__":
    sys.exit(main())
