"""features.sql against a plain statement of what features mean, its table in Python, and pandas."""

import math
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud.data.generator import LARGE_AMOUNT, MULTIPLIER
from fraud.data.reading import create_views, engine
from fraud.features.assumptions import LARGE, LARGEST_GENUINE
from fraud.features.prepare import FEATURES_SQL, REPORTED_SQL
from fraud.features.query import FILES, sql
from fraud.features.windows import COLUMNS, FEATURES, HANDBOOK, Column, Formula, Window
from tests.emulator import REPOSITORY

from .conftest import Step
from .plain import DAY, ByTable, Plain, Row

START = 1_522_540_800  # 2018-04-01, a Sunday
# Moments that lie on the edges of windows of each other, and any others.
MOMENTS = st.one_of(
    st.builds(
        lambda days, seconds: days * DAY + seconds,
        st.sampled_from([0, 1, 7, 8, 14, 30, 35, 37]),
        st.sampled_from([0, 0, 1, -1]),
    ),
    st.integers(0, 50 * DAY),
).map(lambda offset: START + max(offset, 0))
# Amounts on both sides of what is large, and of what is fraud by itself.
CENTS = st.one_of(st.sampled_from([0, 2_000, 13_500, 22_000, 22_001]), st.integers(0, 30_000))
# Reports before the label counts as known, at its second, around it, and much later.
DELAYS = st.one_of(st.none(), st.sampled_from([-DAY, 7 * DAY, 7 * DAY + 1, 10 * DAY]), st.integers(0, 50 * DAY))


def _histories(reported: st.SearchStrategy[int | None]) -> st.SearchStrategy[list[Row]]:
    row = st.builds(
        lambda moment, customer, terminal, cents, fraud, delay: Row(
            moment, customer, terminal, cents, fraud, None if delay is None else moment + delay
        ),
        *(MOMENTS, st.integers(1, 2), st.integers(1, 2), CENTS, st.integers(0, 1), reported),
    )
    return st.lists(row, min_size=1, max_size=25)


ROWS, REPORTED = _histories(st.none()), _histories(DELAYS)
# Ids in any order, the smallest and the largest that there are among them.
IDS = st.lists(
    st.one_of(st.sampled_from([-(2**63), -(2**63) + 1, -1, 0, 2**63 - 1]), st.integers(-(2**63), 2**63 - 1)),
    min_size=25,
    max_size=25,
    unique=True,
)


# Planning a query is most of what an example costs, opening a database the rest.
few = settings(max_examples=20)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def computed(
    rows: Iterable[Row], query: str | Path = FEATURES_SQL, ids: list[int] | None = None
) -> dict[int, dict[str, Any]]:
    """What a query gives for each id (default: a row's index)."""
    text = query if isinstance(query, str) else query.read_text(encoding="utf-8")
    connection = _database()
    columns = list(zip(*rows, strict=True)) or [()] * len(Row._fields)
    values = pa.table([ids or range(len(columns[0])), *columns], names=["id", *Row._fields])
    connection.register("given", values.cast(pa.schema([(name, pa.int64()) for name in values.column_names])))
    connection.execute(
        "CREATE OR REPLACE TABLE transactions AS SELECT id AS TRANSACTION_ID, "
        "make_timestamp(moment * 1000000) AS TX_DATETIME, moment AS TX_EPOCH, customer AS CUSTOMER_ID, "
        "terminal AS TERMINAL_ID, cents / 100 AS TX_AMOUNT, fraud::INTEGER AS TX_FRAUD, "
        "reported AS TX_REPORTED_EPOCH FROM given"
    )
    result = connection.execute(text)
    found = [column[0] for column in result.description]
    return {row[0]: dict(zip(found, row, strict=True)) for row in result.fetchall()}


def test_the_files_are_what_the_table_gives() -> None:
    for name, reported in FILES.items():
        written = FEATURES_SQL.with_name(name).read_text(encoding="utf-8")
        assert written == sql(reported=reported), "run `python -m fraud.features.query`"
    assert set(FILES) == {FEATURES_SQL.name, REPORTED_SQL.name}


@few
@given(ROWS)
def test_every_feature_is_what_it_means(rows: list[Row]) -> None:
    found, plain = computed(rows), Plain(rows)
    assert len(found) == len(rows)
    for own in range(len(rows)):
        expected = plain.of(own)
        assert {name: found[own][name] for name in expected} == expected
        assert set(expected) == {"TX_AMOUNT", *(feature.name for feature in FEATURES)}
    assert computed(rows, REPORTED_SQL) == found  # of reports, there are none


@few
@given(REPORTED)
def test_a_fraud_counts_from_its_report_on_and_never_before_seven_days(rows: list[Row]) -> None:
    found, plain = computed(rows, REPORTED_SQL), Plain(rows)
    assert len(found) == len(rows)
    for own in range(len(rows)):
        expected = plain.of(own)
        assert {name: found[own][name] for name in expected} == expected


@few
@given(REPORTED)
def test_the_formulas_of_the_table_mean_the_same_in_python(rows: list[Row]) -> None:
    found, table = computed(rows, REPORTED_SQL), ByTable(rows)
    for own in range(len(rows)):
        expected = table.of(own)
        assert {name: found[own][name] for name in expected} == expected


@few
@given(ROWS, IDS)
def test_in_the_same_second_the_smaller_id_came_first_whatever_the_ids_are(
    rows: list[Row], ids: list[int]
) -> None:
    moments = sorted({row.moment for row in rows})[:3]
    rows = [row._replace(moment=moments[place % len(moments)]) for place, row in enumerate(rows)]
    ids = ids[: len(rows)]
    found = computed(rows, ids=ids)
    order = sorted(range(len(rows)), key=lambda place: ids[place])
    plain = Plain([rows[place] for place in order])
    for own, place in enumerate(order):
        expected = plain.of(own)
        assert {name: found[ids[place]][name] for name in expected} == expected


WINDOW = st.builds(
    lambda column, days, until, kind, key: Window("NEW", key, column, days and days + max(until, 0), until, kind),
    column=st.sampled_from(sorted(COLUMNS)),
    days=st.sampled_from([1, 7, 14, 23, 36, None]),
    until=st.sampled_from([-1, 0, 1, 7, 9]),
    kind=st.sampled_from(["count", "total", "mean", "first", "last"]),
    key=st.sampled_from(["CUSTOMER_ID", "TERMINAL_ID"]),
).filter(lambda window: window.until >= 7 or not COLUMNS[window.column].labelled)


@few
@given(REPORTED, WINDOW)
def test_a_new_row_of_the_table_is_a_new_feature(rows: list[Row], window: Window) -> None:
    before, found = computed(rows, REPORTED_SQL), computed(rows, sql((*FEATURES, window), reported=True))
    table = ByTable(rows, (*FEATURES, window))
    for own in range(len(rows)):
        new, expected = found[own].pop("NEW"), table.value("NEW", own)
        assert new == expected or (new is None and math.isnan(expected))
    assert found == before


def test_a_window_that_would_see_labels_too_early_is_refused() -> None:
    early = Window("EARLY", "TERMINAL_ID", "FRAUDS", 8, 6, "mean")
    with pytest.raises(ValueError, match="EARLY: labels are known after 7 days"):
        sql((*FEATURES, early))


def test_a_column_that_is_made_of_windows_over_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLUMNS, "CIRCLE", Column("TWICE"))
    window = Window("NUMBER", "CUSTOMER_ID", "CIRCLE", 7, -1, "total")
    with pytest.raises(ValueError, match="TWICE is made of windows over itself"):
        sql((window, Formula("TWICE", "NUMBER * 2")))


def test_the_features_of_a_moment_need_no_window() -> None:
    row = Row(START, 1, 1, 100, 0)
    [found] = computed([row], sql(HANDBOOK[:2])).values()
    assert (found["TX_DURING_WEEKEND"], found["TX_DURING_NIGHT"]) == (1, 1)


def test_what_mirrors_the_simulator_does() -> None:
    assert (LARGEST_GENUINE, 2 * LARGE) == (LARGE_AMOUNT, MULTIPLIER)


@few
@given(REPORTED)
def test_no_feature_sees_what_comes_after_or_a_label_that_is_not_known_yet(rows: list[Row]) -> None:
    rows = sorted(rows, key=lambda row: row.moment)
    found = computed(rows, REPORTED_SQL)
    own = len(rows) // 2
    now = rows[own].moment
    past = []
    for row in rows[: own + 1]:
        unknown = row.moment > now - 7 * DAY
        late = row.fraud and row.reported is not None and row.reported > now
        past.append(row._replace(fraud=1 - row.fraud if unknown else 0 if late else row.fraud))
    expected = computed(past, REPORTED_SQL)[own] | {"TX_FRAUD": rows[own].fraud}
    assert found[own] == expected


@pytest.mark.parametrize("column", ["cents", "fraud"])
@pytest.mark.parametrize("value", [0, 1])
def test_a_column_of_one_value_only(column: str, value: int) -> None:
    rows = [Row(START + day * DAY, 1, 1, 100, day % 2)._replace(**{column: value}) for day in range(20)]
    plain = Plain(rows)
    for query in (FEATURES_SQL, REPORTED_SQL):
        found = computed(rows, query)
        for own in range(len(rows)):
            expected = plain.of(own)
            assert {name: found[own][name] for name in expected} == expected


def test_no_transactions_have_no_features() -> None:
    assert computed([]) == computed([], REPORTED_SQL) == {}


@pytest.mark.skipif("FRAUD_DATA" not in os.environ, reason="FRAUD_DATA does not name the handbook's file")
def test_the_published_data_gives_the_same_as_plain_windows_in_every_float32() -> None:
    with engine() as connection:
        create_views(connection, [Path(os.environ["FRAUD_DATA"])])
        for table, file in (("ours", FEATURES_SQL), ("plain", Path(__file__).with_name("handbook.sql"))):
            connection.execute(f"CREATE TABLE {table} AS {file.read_text(encoding='utf-8')}")
        ours, plain = (connection.execute(f"DESCRIBE {table}").fetchall() for table in ("ours", "plain"))
        assert [row for row in ours if row in plain] == plain
        names = [row[0] for row in plain if "WINDOW" in row[0] or "DURING" in row[0]]
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
        Row(now - 8 * DAY, 1, 1, 100, 1),  # exactly 7 + 1 days ago: out of the terminal's day
        Row(now - 8 * DAY + 1, 2, 1, 100, 1),
        Row(now - 7 * DAY, 3, 1, 100, 0),  # exactly 7 days ago: its label is known
        Row(now - 7 * DAY + 1, 4, 1, 100, 1),
        Row(now - DAY, 5, 2, 900, 0),  # exactly a day ago: out of the customer's day
        Row(now - DAY + 1, 5, 2, 200, 0),
        Row(now, 5, 1, 400, 0),
        Row(now, 5, 2, 600, 0),  # the same second, later: sees the one before, which does not see it
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
    [row] = computed([Row(START + offset, 1, 1, 100, 0)]).values()
    assert (row["TX_DURING_WEEKEND"], row["TX_DURING_NIGHT"]) == (weekend, night)


def test_pandas_computes_the_same(step: Step) -> None:
    result = step(REPOSITORY / "tests" / "benchmarks" / "features.py", "--check", "--customers", 60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "largest difference" in result.stdout
