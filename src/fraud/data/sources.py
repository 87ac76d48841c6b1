"""Where transactions may come from besides landed files: kinds of sources, one row of a table each.

`[data.source]` of mlops.toml names a kind and its settings. Whatever the source, its rows end in files that the
same contract holds: rows of a database become a CSV file, in which every value has to parse.
"""

import importlib
import inspect
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fraud.data.formats import text
from fraud.data.reading import engine, landed_files, named
from fraud.errors import SourceError

ROWS = "rows.csv"
VARIABLE = "TRANSACTIONS_URI"
"""The variable with the address of a database, password and all, unless `secret` names another one."""


@dataclass(frozen=True)
class Database:
    """A kind of database: the ADBC driver that reads it, and the package that has it.

    A further one is a row: any ADBC driver whose module has `connect(uri)` as its DB-API has it.
    """

    module: str
    package: str

    def __call__(self, folder: Path, *, query: str, uri: str = "", secret: str = VARIABLE) -> None:
        """Write the rows of a query, in the order of all their values, so that equal rows are equal files."""
        address = _address(uri, secret)
        try:
            driver = importlib.import_module(self.module)
        except ImportError as error:
            raise SourceError(
                f"this source needs {self.package}; install it: pip install {self.package}"
            ) from error
        try:
            with driver.connect(address) as connection, connection.cursor() as cursor, engine() as duck:
                cursor.execute(query)
                duck.register("result", cursor.fetch_record_batch())
                target = text(str(folder / ROWS))
                duck.execute(f"COPY (SELECT * FROM result ORDER BY ALL) TO {target} (FORMAT csv, HEADER true)")
        except Exception as error:  # the driver's, pyarrow's or DuckDB's, depending on which reads at that moment
            said = " ".join(str(error).replace(address, "***").split())[:300]
            raise SourceError(f"the query of the source failed: {said}") from error


def _address(uri: str, secret: str) -> str:
    """The address of the database: of mlops.toml if it has no password, else of the environment variable."""
    if found := os.environ.get(secret):
        return found
    if not uri:
        raise SourceError(f"the source has no address: set uri, or the environment variable {secret}")
    if urlsplit(uri).password is not None or "password" in uri.lower():
        raise SourceError(f"the source's uri has a password; a secret goes into the environment variable {secret}")
    return uri


def files(folder: Path, *, path: str) -> None:
    """Copy the landed files at a path of this machine, a file or a folder."""
    for name, file in named(Path(path), landed_files(Path(path))).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


SOURCES: dict[str, Callable[..., None]] = {
    "files": files,
    "sqlite": Database("adbc_driver_sqlite.dbapi", "adbc-driver-sqlite"),
    "postgresql": Database("adbc_driver_postgresql.dbapi", "adbc-driver-postgresql"),
}


def extract(folder: str | Path, *, kind: str, **settings: Any) -> None:
    """Write what a source has to a folder, as files that the contract reads. Raises FraudError."""
    if kind not in SOURCES:
        raise SourceError(
            f"there is no source of kind {kind!r}; there are {', '.join(SOURCES)} and, of mlops, blob"
        )
    try:
        inspect.signature(SOURCES[kind]).bind(folder, **settings)
    except TypeError as error:
        raise SourceError(f"the source {kind} does not take these settings: {error}") from error
    SOURCES[kind](Path(folder), **settings)
