"""Sources of the same contract: what a database holds ends in the same files."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fraud.data.contract import ContractError, check
from fraud.data.sources import extract
from fraud.errors import SourceError

from .conftest import Write

TABLE = (
    "CREATE TABLE payments (id {whole} PRIMARY KEY, at {time}, card {whole}, shop {whole}, amount {money}, "
    "fraud {flag})"
)
ROWS = (
    "INSERT INTO payments VALUES (3, '2018-04-02 23:59:59', 596, 3156, 0.00, {true}), "
    "(1, '2018-04-01 00:00:31', 596, 3156, 57.16, {false}), (2, '2018-04-01 12:00:00', 4961, 3412, 81.51, {false})"
)
QUERY = (
    'SELECT id AS "TRANSACTION_ID", at AS "TX_DATETIME", card AS "CUSTOMER_ID", shop AS "TERMINAL_ID", '
    'amount AS "TX_AMOUNT", {flag} AS "TX_FRAUD" FROM payments'
)
SQLITE = {"whole": "INTEGER", "time": "TEXT", "money": "REAL", "flag": "INTEGER"}
POSTGRES = {"whole": "BIGINT", "time": "TIMESTAMP", "money": "NUMERIC(12, 2)", "flag": "BOOLEAN"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "extracted"
    made.mkdir()
    return made


@pytest.fixture
def database(tmp_path: Path) -> Path:
    pytest.importorskip("adbc_driver_sqlite", reason="adbc-driver-sqlite is not installed")
    path = tmp_path / "payments.db"
    with sqlite3.connect(path) as connection:
        connection.execute(TABLE.format(**SQLITE))
        connection.execute(ROWS.format(true=1, false=0))
    connection.close()
    return path


def as_written(write: Write, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the contract finds in the extracted files, and in a file with the same transactions."""
    documents = [check(folder), check(write())]
    for document in documents:
        for file in document["files"]:
            del file["file"]
    return documents[0], documents[1]


def test_rows_of_sqlite_are_those_of_a_file(write: Write, folder: Path, database: Path) -> None:
    extract(folder, kind="sqlite", query=QUERY.format(flag="fraud"), uri=str(database))
    found, expected = as_written(write, folder)
    assert found == expected


def test_equal_rows_are_equal_files_whatever_order_they_come_in(
    folder: Path, database: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    extract(folder, kind="sqlite", query=QUERY.format(flag="fraud"), uri=str(database))
    extract(other, kind="sqlite", query=QUERY.format(flag="fraud") + " ORDER BY amount DESC", uri=str(database))
    assert [f.read_bytes() for f in folder.iterdir()] == [f.read_bytes() for f in other.iterdir()]


def test_the_address_may_be_a_secret(folder: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = QUERY.format(flag="fraud")
    with pytest.raises(SourceError, match="set uri, or the environment variable TRANSACTIONS_URI"):
        extract(folder, kind="sqlite", query=query)
    monkeypatch.setenv("OWN", str(database))
    extract(folder, kind="sqlite", query=query, secret="OWN")
    assert check(folder)["rows"] == 3
    for uri in ("postgresql://me:geheim@host/db", "postgresql://host/db?password=geheim"):
        with pytest.raises(
            SourceError, match="has a password; a secret goes into the environment variable"
        ) as caught:
            extract(folder, kind="postgresql", query=query, uri=uri)
        assert "geheim" not in str(caught.value)


def test_a_failing_query_is_said_in_one_line_without_the_address(folder: Path, database: Path) -> None:
    with pytest.raises(SourceError, match=r"the query of the source failed: .*no such table: absent") as caught:
        extract(folder, kind="sqlite", query="SELECT * FROM absent", uri=str(database))
    assert "\n" not in str(caught.value)
    assert str(database) not in str(caught.value)
    assert list(folder.iterdir()) == []


def test_columns_that_the_query_does_not_give_are_the_contracts_to_say(folder: Path, database: Path) -> None:
    extract(folder, kind="sqlite", query='SELECT id AS "TRANSACTION_ID" FROM payments', uri=str(database))
    with pytest.raises(ContractError, match="column TX_DATETIME is missing; the file has TRANSACTION_ID"):
        check(folder)


def test_files_of_this_machine(write: Write, folder: Path, tmp_path: Path) -> None:
    write("there/2018/a.parquet")
    write("there/b.csv", TRANSACTION_ID=[4, 5, 6])
    extract(folder, kind="files", path=str(tmp_path / "there"))
    assert [file["file"] for file in check(folder)["files"]] == ["2018/a.parquet", "b.csv"]
    with pytest.raises(ContractError, match="no such file or folder"):
        extract(folder, kind="files", path=str(tmp_path / "gone"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "oracle", "query": "x"}, "no source of kind 'oracle'; there are files, sqlite, postgresql"),
        (
            {"kind": "sqlite"},
            "the source sqlite does not take these settings: missing a required argument: 'query'",
        ),
        ({"kind": "files", "path": "x", "query": "x"}, "an unexpected keyword argument 'query'"),
    ],
)
def test_settings_that_a_source_does_not_take_are_said(folder: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        extract(folder, **settings)


def test_a_driver_that_is_not_installed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    with pytest.raises(
        SourceError, match="needs adbc-driver-postgresql; install it: pip install adbc-driver-postg"
    ):
        extract(folder, kind="postgresql", query="SELECT 1", uri="postgresql://nobody@127.0.0.1/none")


def _program(name: str) -> str | None:
    """A program of PostgreSQL: on PATH, or where Debian has it."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, places)]))


Postgres = Callable[[str], str]


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server of its own that is reached by a socket in the folder, and by nothing else."""
    pytest.importorskip("adbc_driver_postgresql", reason="adbc-driver-postgresql is not installed")
    programs = {name: _program(name) for name in ("postgres", "initdb", "pg_ctl")}
    if missing := [name for name, found in programs.items() if found is None]:
        pytest.skip(f"PostgreSQL is not installed: there is no {', '.join(missing)}")
    import tempfile

    with tempfile.TemporaryDirectory(prefix="pg") as short:  # the address of a socket may not be long
        home = Path(short)
        user: dict[str, Any] = {}
        if os.getuid() == 0:  # which PostgreSQL refuses to run as
            shutil.chown(home, "postgres", "postgres")
            user = {"user": "postgres", "group": "postgres"}

        def run(name: str, *arguments: str) -> None:
            # Its log is a file: the server keeps what it was given as standard output.
            subprocess.run(
                [str(programs[name]), "-D", f"{home}/data", *arguments],
                cwd=home,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
                **user,
            )

        run("initdb", "--username=me", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        run("pg_ctl", "start", "-w", "-o", f"-c listen_addresses='' -k {home} -c fsync=off", "-l", f"{home}/log")
        try:
            yield home
        finally:
            run("pg_ctl", "stop", "-m", "immediate")


def test_rows_of_postgresql_are_those_of_a_file(
    write: Write, folder: Path, postgres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import adbc_driver_postgresql.dbapi

    uri = f"postgresql://me@/postgres?host={postgres}"
    with adbc_driver_postgresql.dbapi.connect(uri) as connection, connection.cursor() as cursor:
        for statement in (TABLE.format(**POSTGRES), ROWS.format(true=True, false=False)):
            cursor.execute(statement)
        connection.commit()
    extract(folder, kind="postgresql", query=QUERY.format(flag="fraud::int"), uri=uri)
    found, expected = as_written(write, folder)
    assert found == expected
    # libpq's own variables name the server and the secret, such as a token of Entra's in PGPASSWORD
    for name, value in (("PGHOST", str(postgres)), ("PGUSER", "me"), ("PGPASSWORD", "a token")):
        monkeypatch.setenv(name, value)
    again = QUERY.format(flag="fraud::int") + " ORDER BY amount"
    (folder / "rows.csv").unlink()
    extract(folder, kind="postgresql", query=again, uri="postgresql:///postgres")
    assert as_written(write, folder)[0] == expected
