"""How landed files of transactions are read: the one place where their physical types become the contract's.

Parquet files state the types of their columns; in all others every value is text and has to parse. Either way a
reader sees the view `transactions`, with the required columns of `COLUMNS`, and TX_EPOCH: whole seconds since
1970-01-01 00:00:00 UTC, which features.sql counts its windows in. Where a file has TX_FRAUD_REPORTED, the view has
TX_REPORTED_EPOCH: the second from whose begin on the report is known.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from fraud.data.formats import FORMATS, described, text
from fraud.errors import ContractError

ENDINGS = " or ".join(FORMATS)
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
    """The files of a known format at a path (a file, or a folder at any depth), in order of their names.

    Names that begin with "." or "_" are left out, as Spark does.
    """
    if path.is_file():
        if path.suffix.lower() not in FORMATS:
            raise ContractError(f"{path}: expected a file of {ENDINGS}")
        return [path]
    if not path.is_dir():
        raise ContractError(f"{path}: no such file or folder")
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in FORMATS
        and file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    ]
    if not found:
        raise ContractError(f"{path}: the folder holds no file of {ENDINGS}")
    return found


def named(path: Path, files: list[Path]) -> dict[str, Path]:
    """Files below a path by the names that people know them under."""
    root = path if path.is_dir() else path.parent
    return {file.relative_to(root).as_posix(): file for file in files}


def located(connection: duckdb.DuckDBPyConnection, files: Mapping[str, Path]) -> None:
    """Create the view `located`: `landed`, with the name of each row's FILE and its ROW there, from 1 on."""
    selects = [
        f"SELECT {text(name)} AS FILE, * FROM ({_select(connection, file, numbered=True)})"
        for name, file in files.items()
    ]
    connection.execute("CREATE VIEW located AS " + " UNION ALL BY NAME ".join(selects))


def create_views(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> None:
    """Create the views `landed` (each column as RAW_<name> text and as its contract type) and `transactions`.

    Of each row `landed` has the number of its FILE, too: its place among `files`.

    Raises ContractError for a file that cannot be read, lacks a column or has one of another type.
    """
    selects = [f"SELECT {place} AS FILE, * FROM ({_select(connection, file)})" for place, file in enumerate(files)]
    connection.execute("CREATE VIEW landed AS " + " UNION ALL BY NAME ".join(selects))
    names = [column.name for column in COLUMNS if column.required]
    names.append("epoch_us(TX_DATETIME) // 1000000 AS TX_EPOCH")
    if any(row[0] == "TX_FRAUD_REPORTED" for row in connection.execute("DESCRIBE landed").fetchall()):
        names.append("(epoch_us(TX_FRAUD_REPORTED) + 999999) // 1000000 AS TX_REPORTED_EPOCH")
    connection.execute(f"CREATE VIEW transactions AS SELECT {', '.join(names)} FROM landed")


def _select(connection: duckdb.DuckDBPyConnection, file: Path, *, numbered: bool = False) -> str:
    table = described(connection, file, frozenset(column.name for column in COLUMNS))
    parts = []
    for column in COLUMNS:
        if column.name in table.columns:
            parts.append(_column(file, column, table.columns[column.name]))
        elif column.required:
            raise ContractError(
                f"{file}: column {column.name} is missing; the file has {', '.join(table.columns) or 'no columns'}"
            )
    # The window comes after all rows in the order of the file, which the engine keeps.
    parts += ["row_number() OVER () AS ROW"] * numbered
    return f"SELECT {', '.join(parts)} FROM {table.source}"


def _column(file: Path, column: Column, found: str | None) -> str:
    quoted = f'"{column.name}"'
    if found is None:
        value = column.kind.from_text.format(quoted)
    elif expression := column.kind.from_types.get(found.partition("(")[0]):
        value = expression.format(quoted)
    else:
        raise ContractError(
            f"{file}: column {column.name} has the wrong type: found {found}, expected {column.kind.name}"
        )
    return f"{value} AS {column.name}, CAST({quoted} AS VARCHAR) AS RAW_{column.name}"
