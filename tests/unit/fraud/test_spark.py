"""The same SQL by Spark gives the same features; skipped where Spark or Java is not set up."""

import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from fraud.data.generator import generate
from fraud.data.reading import create_views, engine
from fraud.features.prepare import FEATURES_SQL, REPORTED_SQL
from tests.emulator import REPOSITORY

PYTHON = REPOSITORY / ".spark" / "bin" / "python"
# One in three frauds is reported late, by up to 40 days.
REPORTED = (
    "SELECT *, CASE WHEN TX_FRAUD = 1 AND TRANSACTION_ID % 3 = 0 "
    "THEN TX_EPOCH + 86400 * (TRANSACTION_ID % 41) END AS TX_REPORTED_EPOCH FROM transactions"
)

pytestmark = [
    pytest.mark.skipif(not PYTHON.exists(), reason="Spark is not set up: `make spark-test` does it"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is none"),
]


def _by_spark(*triples: tuple[Path, Path, Path]) -> None:
    driver = Path(__file__).with_name("spark_features.py")
    arguments = [str(path) for triple in triples for path in triple]
    run = subprocess.run(
        [str(PYTHON), str(driver), *arguments],
        env={"PATH": os.environ["PATH"], "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]


def _transactions(source: Path, target: Path, select: str = "SELECT * FROM transactions") -> Path:
    """The view as Spark reads it; how files become the view is DuckDB's part in both cases."""
    with engine() as connection:
        create_views(connection, [source])
        connection.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet)")
    return target


def _largest_difference(transactions: Path, query: Path, features: Path) -> dict[str, float]:
    """Of each feature that differs at all between DuckDB's and Spark's result, over all rows."""
    with engine() as connection:
        connection.execute(f"CREATE VIEW transactions AS SELECT * FROM '{transactions}'")  # noqa: S608
        connection.execute(f"CREATE TABLE ours AS {query.read_text(encoding='utf-8')}")
        connection.execute(f"CREATE VIEW spark AS SELECT * FROM '{features}/*.parquet'")  # noqa: S608
        columns = connection.execute("DESCRIBE ours").fetchall()
        assert connection.execute("DESCRIBE spark").fetchall() == columns
        names = [row[0] for row in columns if row[0] not in ("TRANSACTION_ID", "TX_DATETIME")]
        counted = "count(*) FILTER (ours.{0} IS NULL OR spark.{0} IS NULL)"
        apart = "max(abs(ours.{0}::DOUBLE - spark.{0}::DOUBLE))"
        rows, *found = connection.execute(  # what is put in are our own names
            f"SELECT count(*), {', '.join(f'{counted} + {apart}'.format(name) for name in names)} "  # noqa: S608
            "FROM ours JOIN spark USING (TRANSACTION_ID, TX_DATETIME)"
        ).fetchall()[0]
        assert rows == _count(connection, "ours") == _count(connection, "spark") > 0
    return {name: value for name, value in zip(names, found, strict=True) if value}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.table(table).count("*").fetchall()[0][0])


def test_spark_gives_the_same_features(tmp_path: Path) -> None:
    generate(tmp_path / "in.parquet", customers=150, terminals=100, days=60, radius=10.0)
    plain = _transactions(tmp_path / "in.parquet", tmp_path / "plain.parquet")
    reported = _transactions(tmp_path / "in.parquet", tmp_path / "reported.parquet", REPORTED)
    cases = [(plain, FEATURES_SQL, tmp_path / "plain"), (reported, REPORTED_SQL, tmp_path / "reported")]
    _by_spark(*cases)
    for case in cases:
        assert _largest_difference(*case) == {}


@pytest.mark.skipif("FRAUD_DATA" not in os.environ, reason="FRAUD_DATA does not name the handbook's file")
def test_spark_gives_the_same_features_of_the_published_data(tmp_path: Path) -> None:
    transactions = _transactions(Path(os.environ["FRAUD_DATA"]), tmp_path / "transactions.parquet")
    _by_spark((transactions, FEATURES_SQL, tmp_path / "features"))
    differ = _largest_difference(transactions, FEATURES_SQL, tmp_path / "features")
    assert all(value <= 1e-9 for value in differ.values()), differ
