"""The formats that landed files may have, one row of a table each: by the ending of a file's name.

A format says what columns a file has and how DuckDB reads it. Parquet states the types of its columns; in every
other format each value is text, and has to parse.
"""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from fraud.errors import ContractError

Wanted = frozenset[str]


@dataclass(frozen=True)
class Table:
    """A file as DuckDB reads it: the physical type of each column (None: text), and the SQL to select from."""

    columns: dict[str, str | None]
    source: str


def described(connection: duckdb.DuckDBPyConnection, file: Path, wanted: Wanted) -> Table:
    """A file as a table; only columns of `wanted` have to be readable. Raises ContractError where it is not."""
    try:
        return FORMATS[file.suffix.lower()](connection, file, wanted)
    except (UnicodeDecodeError, csv.Error, OSError, duckdb.Error) as error:
        raise unreadable(file, error) from error


def unreadable(path: Path, error: Exception) -> ContractError:
    """What DuckDB or Python says of a file, in one line: without its advice, which is of SQL."""
    said = re.split(r"\n(?:Possible|\nLINE )", str(error))[0].removeprefix("Invalid Input Error: ")
    return ContractError(f"{path}: cannot be read: {' '.join(said.split())[:300]}")


def text(value: str) -> str:
    """A text as SQL."""
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _parquet(connection: duckdb.DuckDBPyConnection, file: Path, wanted: Wanted) -> Table:
    source = f"read_parquet({_literal(file)}, hive_partitioning=false)"
    rows = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return Table({str(row[0]): str(row[1]) for row in rows}, source)


def _csv(connection: duckdb.DuckDBPyConnection, file: Path, wanted: Wanted) -> Table:
    """The names are read here, because DuckDB, left to find out by itself, skips the lines at the top that have
    another number of values than the rest, and takes '#' for a comment.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        names = next(csv.reader(lines), [])
    for name in names:
        if name in wanted and names.count(name) > 1:
            raise ContractError(f"{file}: column {name} occurs {names.count(name)} times")
    # Further columns may have no name, or one of the contract's in other letters: they are numbered instead.
    columns = ", ".join(
        f"{name if name in wanted else f'further_{place}'}: 'VARCHAR'" for place, name in enumerate(names)
    )
    source = (
        f"read_csv({_literal(file)}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', "
        f"columns={{{columns}}})"
    )
    return Table(dict.fromkeys(names), source)


def _json_lines(connection: duckdb.DuckDBPyConnection, file: Path, wanted: Wanted) -> Table:
    """One JSON object a line. A column is one that any of them has."""
    kind = "format='newline_delimited'"
    keys = f"SELECT unnest(json_keys(json)) AS name FROM read_json_objects({_literal(file)}, {kind})"
    rows = connection.execute(f"SELECT DISTINCT name FROM ({keys}) ORDER BY name").fetchall()
    names = [str(row[0]) for row in rows]
    columns = ", ".join(f"{name}: 'VARCHAR'" for name in names if name in wanted)
    source = f"read_json({_literal(file)}, {kind}, columns={{{columns}}})"
    return Table(dict.fromkeys(names), source)


def _avro(connection: duckdb.DuckDBPyConnection, file: Path, wanted: Wanted) -> Table:
    """Records of transactions, or events as Event Hubs Capture writes them: the record's Body is a JSON object.

    They are read as JSON lines, which are written to the connection's own temporary folder.
    """
    spill = Path(str(connection.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]))
    lines = spill / f"{hashlib.sha256(str(file).encode()).hexdigest()}.jsonl"
    if not lines.exists():
        with lines.open("w", encoding="utf-8") as target:
            for number, record in enumerate(_records(file), start=1):
                target.write(json.dumps(_event(file, number, record), default=str) + "\n")
    return _json_lines(connection, lines, wanted)


def _records(file: Path) -> Iterator[Any]:
    try:
        import fastavro
    except ImportError as error:
        raise ContractError(f"{file}: reading Avro needs fastavro; install it: pip install fastavro") from error
    try:
        with file.open("rb") as content:
            yield from fastavro.reader(content)
    except (ValueError, EOFError, IndexError, KeyError, TypeError, fastavro.schema.SchemaParseException) as error:
        raise unreadable(file, error) from error


def _event(file: Path, number: int, record: Any) -> Any:
    """The transaction in a record."""
    if not isinstance(record, dict):
        raise ContractError(f"{file}: record {number} is no object")
    if not isinstance(record.get("Body"), bytes):
        return record
    try:
        event = json.loads(record["Body"])
    except ValueError as error:
        raise ContractError(f"{file}: the body of record {number} is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise ContractError(f"{file}: the body of record {number} is JSON, but no object")
    return event


def _literal(file: Path) -> str:
    # In brackets, what would be a pattern is the character itself.
    return text(re.sub(r"[*?\[]", r"[\g<0>]", str(file)))


FORMATS: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, Wanted], Table]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".avro": _avro,
}
