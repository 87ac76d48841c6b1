"""What training reads is whole: numbers everywhere, and both kinds of transactions."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraud.errors import FeaturesError, WindowError
from fraud.features.table import FeatureTable
from fraud.settings import Settings
from fraud.split import windows_of
from fraud.training.rows import Rows

START, DAYS = date(2018, 4, 1), 30


@pytest.fixture
def table(tmp_path: Path) -> Any:
    """Write one transaction an hour, every fifth a fraud, with some columns replaced; None leaves one out."""

    def written(**columns: Any) -> FeatureTable:
        hours = np.arange(24 * DAYS)
        values = {
            "TRANSACTION_ID": hours,
            "TX_DATETIME": [datetime(2018, 4, 1) + timedelta(hours=int(hour)) for hour in hours],  # noqa: DTZ001
            "CUSTOMER_ID": hours,
            "TERMINAL_ID": hours % 7,
            "TX_AMOUNT": hours / 2,
            "RISK": (hours % 10) / 10,
            "TX_FRAUD": (hours % 5 == 0).astype(int),
        } | columns
        content = {name: value for name, value in values.items() if value is not None}
        pq.write_table(pa.table(content), tmp_path / "features.parquet")
        return FeatureTable(tmp_path)

    return written


def read(table: FeatureTable) -> Rows:
    return Rows(table, START, START + timedelta(days=DAYS))


def test_rows_are_what_the_days_hold(table: Any) -> None:
    rows = Rows(table(), date(2018, 4, 2), date(2018, 4, 5))
    assert (rows.inputs.shape, rows.inputs.dtype) == ((72, 2), np.float32)
    assert rows.features == ["TX_AMOUNT", "RISK"]
    assert rows.day.tolist() == [0] * 24 + [1] * 24 + [2] * 24


@pytest.mark.parametrize(
    ("wrong", "places", "said"),
    [
        (np.nan, [30, 31], "no finite number in 2 of 720 rows .* the first at 2018-04-02T06:00"),
        (np.inf, [30], "no finite number in 1 of 720 rows"),
        (-np.inf, [30], "no finite number in 1 of 720 rows"),
        (np.nan, range(720), "no finite number in every row from 2018-04-01 to 2018-05-01"),
    ],
)
def test_features_without_numbers_are_refused_by_name(
    table: Any, wrong: float, places: list[int], said: str
) -> None:
    risk = np.zeros(24 * DAYS)
    risk[list(places)] = wrong
    with pytest.raises(FeaturesError, match=rf"feature RISK has {said}"):
        read(table(RISK=risk))
    nulls = pa.array(risk, mask=risk != 0)
    with pytest.raises(FeaturesError, match="feature RISK has no finite number"):
        read(table(RISK=nulls))


def test_a_feature_that_has_no_type_because_it_is_never_there(table: Any) -> None:
    with pytest.raises(FeaturesError, match="feature RISK has no finite number in every row"):
        read(table(RISK=pa.nulls(24 * DAYS)))


def test_a_table_without_features_is_refused(table: Any) -> None:
    with pytest.raises(FeaturesError, match="has no feature besides TRANSACTION_ID"):
        read(table(TX_AMOUNT=None, RISK=None))


@pytest.mark.parametrize("kind", [0, 1])
def test_one_kind_of_transaction_is_nothing_to_learn_from(table: Any, kind: int) -> None:
    settings = Settings(train_days=7)
    opened = table(TX_FRAUD=np.full(24 * DAYS, kind))
    window = windows_of(*opened.span(), settings)
    rows = read(opened)
    with pytest.raises(WindowError, match=rf"has 168 transactions and {168 * kind} frauds; a model needs both"):
        rows.trained_on(window)
    with pytest.raises(WindowError, match=r"the validation from 2018-04-24 to 2018-05-01 .* metrics need both"):
        rows.tested_on(window)
    whole = read(table())
    assert whole.trained_on(window).sum() == 168
    assert whole.tested_on(window).sum() == 168


def test_a_fraud_that_is_reported_after_the_test_began_is_learned_as_genuine(table: Any) -> None:
    window = windows_of(
        datetime(2018, 4, 1),  # noqa: DTZ001
        datetime(2018, 4, 30, 23),  # noqa: DTZ001
        Settings(test_start=date(2018, 4, 20), train_days=10, min_train_days=1),
    )
    begin = datetime(2018, 4, 20)  # noqa: DTZ001
    reported = [None if hour % 5 else begin + timedelta(hours=hour % 3 - 1) for hour in range(24 * DAYS)]
    rows = read(table(TX_FRAUD_REPORTED=pa.array(reported, pa.timestamp("us"))))
    learned = rows.trained_on(window)
    assert rows.features == ["TX_AMOUNT", "RISK"]
    hours = np.flatnonzero(learned)
    assert rows.label[learned].tolist() == (hours % 5 == 0).astype(int).tolist()
    in_time = (hours % 5 == 0) & (hours % 3 == 0)
    assert rows.known(window)[learned].tolist() == in_time.astype(int).tolist()
    without = read(table())
    assert without.known(window)[learned].tolist() == without.label[learned].tolist()
    late = read(table(TX_FRAUD_REPORTED=pa.array([begin] * 24 * DAYS, pa.timestamp("us"))))
    with pytest.raises(WindowError, match="transactions and 0 frauds"):
        late.trained_on(window)
