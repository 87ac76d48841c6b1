"""How landed files of transactions are read: the one place where their physical types become the contract's.

Parquet files state the types of their columns; in CSV files every value is text and has to parse. Either way a
reader sees the view `transactions`, with the required columns of `COLUMNS`, and TX_EPOCH: whole seconds since
1970-01-01 00:00:00 UTC, which features.sql counts its windows in. Where a file has TX_FRAUD_REPORTED, the view has
TX_REPORTED_EPOCH: the second from whose begin on the report is known.
"""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from fraud.errors import ContractError

INTEGERS = [
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
]


@dataclass(frozen=True)
class Kind:
    """A logical type: the name people read, and how a value of a physical type, or of text, becomes one."""

    name: str
    from_types: Mapping[str, str]
    from_text: str


def _each(types: Iterable[str], expression: str) -> dict[str, str]:
    return dict.fromkeys(types, expression)


# From text, a whole number has to look like one: a bare cast would round 0.6 to 1.
_WHOLE = "CASE WHEN regexp_full_match(trim({0}), '[+-]?[0-9]+') THEN TRY_CAST(trim({0}) AS %s) END"
INTEGER = Kind("a whole number", _each(INTEGERS, "TRY_CAST({0} AS BIGINT)"), _WHOLE % "BIGINT")
FLAG = Kind("0 or 1", _each([*INTEGERS, "BOOLEAN"], "TRY_CAST({0} AS INTEGER)"), _WHOLE % "INTEGER")
NUMBER = Kind(
    "a number",
    _each([*INTEGERS, "DOUBLE", "FLOAT", "DECIMAL"], "CAST({0} AS DOUBLE)"),
    "TRY_CAST({0} AS DOUBLE)",
)
# A timestamp with a time zone becomes UTC, in text too; one without is taken as it stands, which is what the
# engine's own zone, UTC, makes of it.
TIMESTAMP = Kind(
    "a timestamp",
    _each(["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"], "CAST({0} AS TIMESTAMP)")
    | _each(["TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"], "make_timestamp(epoch_us(CAST({0} AS TIMESTAMPTZ)))"),
    "make_timestamp(epoch_us(TRY_CAST({0} AS TIMESTAMPTZ)))",
)


@dataclass(frozen=True)
class Column:
    """A column of the contract."""

    name: str
    kind: Kind
    required: bool = True


COLUMNS = (
    Column("TRANSACTION_ID", INTEGER),
    Column("TX_DATETIME", TIMESTAMP),
    Column("CUSTOMER_ID", INTEGER),
    Column("TERMINAL_ID", INTEGER),
    Column("TX_AMOUNT", NUMBER),
    Column("TX_FRAUD", FLAG),
    Column("TX_FRAUD_SCENARIO", INTEGER, required=False),
    # When a fraud became known; null: it was not reported, or nobody knows when.
    Column("TX_FRAUD_REPORTED", TIMESTAMP, required=False),
)


@contextmanager
def engine(memory: str = "4GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection whose memory is bounded: what does not fit goes to a folder that is removed at the end.

    It installs no extensions, so nothing is fetched from a network.
    """
    with tempfile.TemporaryDirectory(prefix="duckdb-") as spill:
        connection = duckdb.connect(
            config={
                "memory_limit": memory,
                "temp_directory": spill,
                "autoinstall_known_extensions": "false",
                "TimeZone": "UTC",
            }
        )
        try:
            yield connection
        finally:
            connection.close()


def landed_files(path: Path) -> list[Path]:
    """The .parquet and .csv files at a path (a file, or a folder at any depth), in order of their names.

    Names that begin with "." or "_" are left out, as Spark does.
    """
    if path.is_file():
        if path.suffix.lower() not in (".parquet", ".csv"):
            raise ContractError(f"{path}: expected a .parquet or a .csv file")
        return [path]
    if not path.is_dir():
        raise ContractError(f"{path}: no such file or folder")
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in (".parquet", ".csv")
        and file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    ]
    if not found:
        raise ContractError(f"{path}: the folder holds no .parquet and no .csv file")
    return found


def create_views(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> None:
    """Create the views `landed` (each column as RAW_<name> text and as its contract type) and `transactions`.

    Raises ContractError for a file that cannot be read, lacks a column or has one of another type.
    """
    selects = [_select(connection, file) for file in files]
    connection.execute("CREATE VIEW landed AS " + " UNION ALL BY NAME ".join(selects))
    names = [column.name for column in COLUMNS if column.required]
    names.append("epoch_us(TX_DATETIME) // 1000000 AS TX_EPOCH")
    if any(row[0] == "TX_FRAUD_REPORTED" for row in connection.execute("DESCRIBE landed").fetchall()):
        names.append("(epoch_us(TX_FRAUD_REPORTED) + 999999) // 1000000 AS TX_REPORTED_EPOCH")
    connection.execute(f"CREATE VIEW transactions AS SELECT {', '.join(names)} FROM landed")


def _select(connection: duckdb.DuckDBPyConnection, file: Path) -> str:
    names = _header(file) if _is_csv(file) else []
    source = _source(file, names)
    found = dict.fromkeys(names, "VARCHAR")
    if not _is_csv(file):
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        except duckdb.Error as error:
            raise unreadable(file, error) from error
        found = {str(row[0]): str(row[1]) for row in described}
    parts = []
    for column in COLUMNS:
        if column.name in found:
            parts.append(_column(file, column, found[column.name]))
        elif column.required:
            raise ContractError(
                f"{file}: column {column.name} is missing; the file has {', '.join(found) or 'no columns'}"
            )
    return f"SELECT {', '.join(parts)} FROM {source}"


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


def _header(file: Path) -> list[str]:
    """The names in the first line of a CSV file.

    They are read here because DuckDB, left to find out by itself, skips the lines at the top that have another
    number of values than the rest, and takes '#' for a comment.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            names = next(csv.reader(lines), [])
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise unreadable(file, error) from error
    for column in COLUMNS:
        if names.count(column.name) > 1:
            raise ContractError(f"{file}: column {column.name} occurs {names.count(column.name)} times")
    return names


def unreadable(path: Path, error: Exception) -> ContractError:
    """What DuckDB or Python says of a file, in one line: without its advice, which is of SQL."""
    said = re.split(r"\n(?:Possible|\nLINE )", str(error))[0].removeprefix("Invalid Input Error: ")
    return ContractError(f"{path}: cannot be read: {' '.join(said.split())[:300]}")


def _source(file: Path, names: list[str]) -> str:
    # In brackets, what would be a pattern is the character itself.
    path = _text(re.sub(r"[*?\[]", r"[\g<0>]", str(file)))
    if not _is_csv(file):
        return f"read_parquet({path}, hive_partitioning=false)"
    # Further columns may have no name, or one of the contract's in other letters: they are numbered instead.
    wanted = {column.name for column in COLUMNS}
    columns = ", ".join(
        f"{name if name in wanted else f'further_{place}'}: 'VARCHAR'" for place, name in enumerate(names)
    )
    return (
        f"read_csv({path}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', "
        f"columns={{{columns}}})"
    )


def _text(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _column(file: Path, column: Column, found: str) -> str:
    quoted = f'"{column.name}"'
    if _is_csv(file):
        value = column.kind.from_text.format(quoted)
    elif expression := column.kind.from_types.get(found.partition("(")[0]):
        value = expression.format(quoted)
    else:
        raise ContractError(
            f"{file}: column {column.name} has the wrong type: found {found}, expected {column.kind.name}"
        )
    return f"{value} AS {column.name}, CAST({quoted} AS VARCHAR) AS RAW_{column.name}"
