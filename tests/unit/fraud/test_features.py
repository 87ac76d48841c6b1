"""features.sql against a plain statement of the handbook's windows, and against pandas itself."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.data.contract import ContractError
from fraud.data.generator import generate
from fraud.errors import FeaturesError
from fraud.features.prepare import FEATURES_SQL, main, prepare
from fraud.features.table import FeatureTable
from tests.emulator import REPOSITORY

from .conftest import Step, Write

DAY = 86_400
START = 1_522_540_800  # 2018-04-01, a Sunday
# Moments that lie on the edges of windows of each other, and any others.
MOMENTS = st.one_of(
    st.builds(
        lambda days, seconds: days * DAY + seconds,
        st.sampled_from([0, 1, 7, 8, 14, 30, 37]),
        st.sampled_from([0, 0, 1, -1]),
    ),
    st.integers(0, 50 * DAY),
).map(lambda offset: START + max(offset, 0))
ROWS = st.lists(
    st.tuples(MOMENTS, st.integers(1, 2), st.integers(1, 2), st.integers(0, 30_000), st.integers(0, 1)),
    min_size=1,
    max_size=25,
)


def plain(rows: list[tuple[int, ...]], own: int) -> dict[str, Any]:
    """The features of row `own`, said as plainly as possible; an id is a row's index."""
    moment, customer, terminal, cents, _ = rows[own]
    when = datetime.fromtimestamp(moment, UTC)
    found: dict[str, Any] = {
        "TX_AMOUNT": cents / 100,
        "TX_DURING_WEEKEND": int(when.weekday() >= 5),
        "TX_DURING_NIGHT": int(when.hour <= 6),
    }
    for days in (1, 7, 30):
        amounts = [
            row[3] / 100
            for index, row in enumerate(rows)
            if row[1] == customer and moment - days * DAY < row[0] and (row[0], index) <= (moment, own)
        ]
        found[f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW"] = len(amounts)
        found[f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW"] = pytest.approx(sum(amounts) / len(amounts), rel=1e-9)
        frauds = [
            row[4] for row in rows if row[2] == terminal and moment - (7 + days) * DAY < row[0] <= moment - 7 * DAY
        ]
        found[f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW"] = len(frauds)
        risk = sum(frauds) / len(frauds) if frauds else 0
        found[f"TERMINAL_ID_RISK_{days}DAY_WINDOW"] = pytest.approx(risk, rel=1e-9)
    return found


def computed(rows: list[tuple[int, ...]]) -> dict[int, dict[str, Any]]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            "CREATE TABLE transactions (TRANSACTION_ID BIGINT, TX_DATETIME TIMESTAMP, TX_EPOCH BIGINT, "
            "CUSTOMER_ID BIGINT, TERMINAL_ID BIGINT, TX_AMOUNT DOUBLE, TX_FRAUD INTEGER)"
        )
        moment, customer, terminal, cents, fraud = (pa.array(column) for column in zip(*rows, strict=True))
        values = pa.table([range(len(rows)), moment, customer, terminal, cents, fraud], names=list("imctaf"))
        connection.register("given", values)
        connection.execute(
            "INSERT INTO transactions SELECT i, make_timestamp(m * 1000000), m, c, t, a / 100, f FROM given"
        )
        result = connection.execute(FEATURES_SQL.read_text(encoding="utf-8"))
        names = [column[0] for column in result.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


@given(ROWS)
def test_every_feature_is_what_the_handbook_means(rows: list[tuple[int, ...]]) -> None:
    found = computed(rows)
    assert len(found) == len(rows)
    for own in range(len(rows)):
        expected = plain(rows, own)
        assert {name: found[own][name] for name in expected} == expected


def test_the_edges_of_the_windows() -> None:
    now = START + 20 * DAY
    rows = [
        (now - 8 * DAY, 1, 1, 100, 1),  # exactly 7 + 1 days ago: out of the terminal's day
        (now - 8 * DAY + 1, 2, 1, 100, 1),
        (now - 7 * DAY, 3, 1, 100, 0),  # exactly 7 days ago: its label is known
        (now - 7 * DAY + 1, 4, 1, 100, 1),
        (now - DAY, 5, 2, 900, 0),  # exactly a day ago: out of the customer's day
        (now - DAY + 1, 5, 2, 200, 0),
        (now, 5, 1, 400, 0),
        (now, 5, 2, 600, 0),  # the same second, later: sees the one before, which does not see it
    ]
    first, second = (computed(rows)[index] for index in (6, 7))
    assert (first["TERMINAL_ID_NB_TX_1DAY_WINDOW"], first["TERMINAL_ID_RISK_1DAY_WINDOW"]) == (2, 0.5)
    assert (first["CUSTOMER_ID_NB_TX_1DAY_WINDOW"], first["CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW"]) == (2, 3)
    assert (second["CUSTOMER_ID_NB_TX_1DAY_WINDOW"], second["CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW"]) == (3, 4)


@pytest.mark.parametrize(
    ("offset", "weekend", "night"),
    [
        (0, 1, 1),  # Sunday, midnight
        (7 * 3600 - 1, 1, 1),  # 06:59:59
        (7 * 3600, 1, 0),
        (DAY - 1, 1, 0),
        (DAY, 0, 1),
        (6 * DAY - 1, 0, 0),  # Friday, 23:59:59
        (6 * DAY, 1, 1),
    ],
)
def test_weekend_and_night_to_the_second(offset: int, weekend: int, night: int) -> None:
    [row] = computed([(START + offset, 1, 1, 100, 0)]).values()
    assert (row["TX_DURING_WEEKEND"], row["TX_DURING_NIGHT"]) == (weekend, night)


def test_pandas_computes_the_same(step: Step) -> None:
    result = step(REPOSITORY / "tests" / "benchmarks" / "features.py", "--check", "--customers", 60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "largest difference" in result.stdout


def test_prepare_writes_both_outputs_in_order_and_the_same_bytes_again(tmp_path: Path) -> None:
    generate(tmp_path / "in" / "t.parquet", customers=120, terminals=300, days=40, radius=10.0)
    for run in ("a", "b"):
        arguments = ["--features", tmp_path / run / "features", "--validation", tmp_path / run / "validation"]
        assert main(["--transactions", str(tmp_path / "in"), *map(str, arguments)]) == 0
    table = FeatureTable(tmp_path / "a" / "features")
    first, last = table.span()
    rows = table.between(first, last)
    document = json.loads((tmp_path / "a" / "validation" / "validation.json").read_text())
    assert document["schema"] == "validation/1"
    assert document["rows"] == len(rows) + 1  # the end of `between` is exclusive
    assert len(table.features) == 15
    order = list(zip(rows["TX_DATETIME"].to_pylist(), rows["TRANSACTION_ID"].to_pylist(), strict=True))
    assert order == sorted(order)
    assert [file.name for file in (tmp_path / "a" / "features").iterdir()] == ["features.parquet"]
    files = [tmp_path / run / "features" / "features.parquet" for run in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_prepare_refuses_with_one_line_and_leaves_nothing(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(TX_FRAUD=[0, 3, 1])
    outputs = [tmp_path / "features", tmp_path / "validation"]
    arguments = ["--transactions", path, "--features", outputs[0], "--validation", outputs[1]]
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert not any(output.exists() for output in outputs)
    with pytest.raises(ContractError, match="too old"):
        prepare(write(), *outputs, as_of="2018-05-01", max_age_days=1)


def test_a_folder_without_features_is_named(tmp_path: Path, write: Write) -> None:
    with pytest.raises(FeaturesError, match=r"features\.parquet: no such file"):
        FeatureTable(tmp_path)
    write("features.parquet", CUSTOMER_ID=None)
    with pytest.raises(FeaturesError, match="column CUSTOMER_ID is missing"):
        FeatureTable(tmp_path)
    whole = write("features.parquet").read_bytes()
    for broken in (b"broken", whole[:-20], whole[:-60] + b"\xff" * 52 + whole[-8:]):
        (tmp_path / "features.parquet").write_bytes(broken)
        with pytest.raises(FeaturesError, match="cannot be read"):
            FeatureTable(tmp_path)
