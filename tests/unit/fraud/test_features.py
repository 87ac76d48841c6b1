"""features.sql against a plain statement of the handbook's windows, and against pandas itself."""

import json
import os
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.data.contract import ContractError
from fraud.data.generator import generate
from fraud.data.reading import create_views, engine
from fraud.errors import FeaturesError
from fraud.features.prepare import FEATURES_SQL, main, prepare
from fraud.features.table import FeatureTable
from fraud.features.windows import COLUMNS, WINDOWS, Window, sql
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
# Ids in any order, the smallest and the largest that there are among them.
IDS = st.lists(
    st.one_of(st.sampled_from([-(2**63), -(2**63) + 1, -1, 0, 2**63 - 1]), st.integers(-(2**63), 2**63 - 1)),
    min_size=25,
    max_size=25,
    unique=True,
)
Rows = list[tuple[int, ...]]


def plain(rows: Rows, own: int) -> dict[str, Any]:
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
            row[3]
            for index, row in enumerate(rows)
            if row[1] == customer and moment - days * DAY < row[0] and (row[0], index) <= (moment, own)
        ]
        found[f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW"] = len(amounts)
        found[f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW"] = float(Fraction(sum(amounts), 100 * len(amounts)))
        frauds = [
            row[4] for row in rows if row[2] == terminal and moment - (7 + days) * DAY < row[0] <= moment - 7 * DAY
        ]
        found[f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW"] = len(frauds)
        found[f"TERMINAL_ID_RISK_{days}DAY_WINDOW"] = sum(frauds) / len(frauds) if frauds else 0
    return found


def plain_window(rows: Rows, own: int, window: Window) -> float:
    """Any window of the table for row `own`; an id is a row's index."""
    moment = rows[own][0]
    key = ("CUSTOMER_ID", "TERMINAL_ID").index(window.key) + 1
    value = ("CENTS", "FRAUDS").index(window.column) + 3
    seen = [
        row[value]
        for index, row in enumerate(rows)
        if row[key] == rows[own][key]
        and moment - (window.delay + window.days) * DAY < row[0] <= moment - window.delay * DAY
        and (window.delay > 0 or (row[0], index) <= (moment, own))
    ]
    if window.kind == "count":
        return len(seen)
    return float(Fraction(sum(seen), len(seen) * COLUMNS[window.column].units)) if seen else 0.0


def computed(rows: Rows, query: str | None = None, ids: list[int] | None = None) -> dict[int, dict[str, Any]]:
    """What a query (default: features.sql) gives for each id (default: a row's index)."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            "CREATE TABLE transactions (TRANSACTION_ID BIGINT, TX_DATETIME TIMESTAMP, TX_EPOCH BIGINT, "
            "CUSTOMER_ID BIGINT, TERMINAL_ID BIGINT, TX_AMOUNT DOUBLE, TX_FRAUD INTEGER)"
        )
        names = ["moment", "customer", "terminal", "cents", "fraud"]
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        values = pa.table([ids or range(len(rows)), *columns], names=["id", *names])
        connection.register("given", values.cast(pa.schema([(name, pa.int64()) for name in values.column_names])))
        connection.execute(
            "INSERT INTO transactions SELECT id, make_timestamp(moment * 1000000), moment, customer, terminal, "
            "cents / 100, fraud FROM given"
        )
        result = connection.execute(query or FEATURES_SQL.read_text(encoding="utf-8"))
        found = [column[0] for column in result.description]
        return {row[0]: dict(zip(found, row, strict=True)) for row in result.fetchall()}


def test_the_file_is_what_the_table_gives() -> None:
    assert FEATURES_SQL.read_text(encoding="utf-8") == sql(), "run `python -m fraud.features.windows`"


@given(ROWS)
def test_every_feature_is_what_the_handbook_means(rows: Rows) -> None:
    found = computed(rows)
    assert len(found) == len(rows)
    for own in range(len(rows)):
        expected = plain(rows, own)
        assert {name: found[own][name] for name in expected} == expected


@given(ROWS, IDS)
def test_in_the_same_second_the_smaller_id_came_first_whatever_the_ids_are(rows: Rows, ids: list[int]) -> None:
    moments = sorted({row[0] for row in rows})[:3]
    rows = [(moments[place % len(moments)], *row[1:]) for place, row in enumerate(rows)]
    ids = ids[: len(rows)]
    found = computed(rows, ids=ids)
    order = sorted(range(len(rows)), key=lambda place: ids[place])
    for own, place in enumerate(order):
        expected = plain([rows[other] for other in order], own)
        assert {name: found[ids[place]][name] for name in expected} == expected


WINDOW = st.builds(
    Window,
    name=st.just("NEW"),
    key=st.sampled_from(["CUSTOMER_ID", "TERMINAL_ID"]),
    column=st.sampled_from(["CENTS", "FRAUDS"]),
    days=st.sampled_from([1, 7, 14, 23, 36]),
    delay=st.sampled_from([0, 1, 7]),
    kind=st.sampled_from(["count", "mean"]),
)


@given(ROWS, WINDOW)
def test_a_new_row_of_the_table_is_a_new_feature(rows: Rows, window: Window) -> None:
    before, found = computed(rows), computed(rows, sql((*WINDOWS, window)))
    for own in range(len(rows)):
        assert found[own].pop("NEW") == plain_window(rows, own, window)
    assert found == before


@given(ROWS)
def test_no_feature_sees_what_comes_after_or_a_label_that_is_not_known_yet(rows: Rows) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    found = computed(rows)
    own = len(rows) // 2
    past = [(*row[:4], row[4] if row[0] <= rows[own][0] - 7 * DAY else 1 - row[4]) for row in rows[: own + 1]]
    expected = computed(past)[own] | {"TX_FRAUD": rows[own][4]}
    assert found[own] == expected


@pytest.mark.parametrize("column", [3, 4])
def test_a_column_of_zeros(column: int) -> None:
    rows = [(START + day * DAY, 1, 1, 100, 1) for day in range(20)]
    rows = [tuple(0 if place == column else value for place, value in enumerate(row)) for row in rows]
    found = computed(rows)
    for own in range(len(rows)):
        expected = plain(rows, own)
        assert {name: found[own][name] for name in expected} == expected


def test_no_transactions_have_no_features() -> None:
    assert computed([]) == {}


@pytest.mark.skipif("FRAUD_DATA" not in os.environ, reason="FRAUD_DATA does not name the handbook's file")
def test_the_published_data_gives_the_same_as_plain_windows_in_every_float32() -> None:
    with engine() as connection:
        create_views(connection, [Path(os.environ["FRAUD_DATA"])])
        for table, file in (("ours", FEATURES_SQL), ("plain", Path(__file__).with_name("handbook.sql"))):
            connection.execute(f"CREATE TABLE {table} AS {file.read_text(encoding='utf-8')}")
        described = [connection.execute(f"DESCRIBE {table}").fetchall() for table in ("ours", "plain")]
        assert described[0] == described[1]
        names = [row[0] for row in described[0] if "WINDOW" in row[0] or "DURING" in row[0]]
        assert len(names) == 14
        joined = (
            connection.table("ours")
            .set_alias("ours")
            .join(connection.table("plain").set_alias("plain"), "TRANSACTION_ID")
        )
        differ = [f"count(*) FILTER (ours.{name}::FLOAT IS DISTINCT FROM plain.{name}::FLOAT)" for name in names]
        rows, *counts = joined.aggregate(", ".join(["count(*)", *differ])).fetchall()[0]
    assert rows == 1_754_155
    assert dict(zip(names, counts, strict=True)) == dict.fromkeys(names, 0)


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
    assert document["schema"] == "validation/2"
    assert document["rows"] == len(rows) + 1  # the end of `between` is exclusive
    assert len(table.features) == 15
    order = list(zip(rows["TX_DATETIME"].to_pylist(), rows["TRANSACTION_ID"].to_pylist(), strict=True))
    assert order == sorted(order)
    assert [file.name for file in (tmp_path / "a" / "features").iterdir()] == ["features.parquet"]
    files = [tmp_path / run / "features" / "features.parquet" for run in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_prepare_refuses_says_which_rows_and_leaves_nothing(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(TX_FRAUD=[0, 3, 1])
    outputs = [tmp_path / "features", tmp_path / "validation"]
    arguments = ["--transactions", path, "--features", outputs[0], "--validation", outputs[1]]
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.splitlines()[1:] == ["  transactions.parquet, row 2: TX_FRAUD 3"]
    assert not any(output.exists() for output in outputs)
    with pytest.raises(ContractError, match="too old"):
        prepare(write(), *outputs, as_of="2018-05-01", max_age_days=1)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"TX_AMOUNT": [1.0, 0.005, 2.0]}, ["whole in 100ths", "in 1 of 3 rows", "TRANSACTION_ID 2"]),
        (
            {"TX_AMOUNT": [2.0**43 / 200, 1.0, 2.0**43 / 200]},
            ["CUSTOMER_ID 596 has 2 transactions", "8.79609e+10"],
        ),
    ],
)
def test_amounts_that_do_not_add_up_exactly_are_refused(
    write: Write, tmp_path: Path, columns: dict[str, Any], said: list[str]
) -> None:
    outputs = [tmp_path / "features", tmp_path / "validation"]
    with pytest.raises(ContractError) as refused:
        prepare(write(**columns), *outputs)
    assert all(part in str(refused.value) for part in said)
    assert not any(output.exists() for output in outputs)


@pytest.mark.parametrize(
    ("amounts", "mean"),
    [
        (pa.array([57.16, 1.0, 0.1], pa.float32()), 28.63),
        ([2.0**43 / 200, 1.0, 2.0**43 / 200 - 0.01], 2.0**43 / 200 - 0.005),
    ],
)
def test_amounts_of_single_precision_and_the_largest_ones_are_taken(
    write: Write, tmp_path: Path, amounts: Any, mean: float
) -> None:
    prepare(write(TX_AMOUNT=amounts), tmp_path / "features", tmp_path / "validation")
    table = FeatureTable(tmp_path / "features")
    rows = table.between(datetime(2018, 4, 1), datetime(2018, 4, 3))  # noqa: DTZ001
    assert rows["CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW"].to_pylist()[2] == mean


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
