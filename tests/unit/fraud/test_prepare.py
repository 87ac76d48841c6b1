"""The step `prepare`: both outputs or none, and no feature that knows the future."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fraud.data.contract import ContractError
from fraud.data.generator import generate
from fraud.errors import FeaturesError
from fraud.features.prepare import FEATURES_SQL, main, prepare
from fraud.features.table import FeatureTable

from .conftest import Write


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
    assert len(table.features) == 24
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


ENDS = {
    "the amount that follows": "LEAD(TX_AMOUNT) OVER (PARTITION BY CUSTOMER_ID ORDER BY TX_EPOCH, TRANSACTION_ID)",
    "the mean of all": "AVG(TX_AMOUNT) OVER ()",
    "the label": "TX_FRAUD",
    "a day's delay": "SUM(TX_FRAUD) OVER (PARTITION BY TERMINAL_ID ORDER BY TX_EPOCH "
    "RANGE BETWEEN UNBOUNDED PRECEDING AND 86400 PRECEDING)",
    "an hour less than the delay": "SUM(TX_FRAUD) OVER (ORDER BY TX_EPOCH "
    "RANGE BETWEEN UNBOUNDED PRECEDING AND 601200 PRECEDING)",
}


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "transactions.parquet"
    generate(path, customers=60, terminals=150, days=40, radius=10.0)
    return path


@pytest.mark.parametrize("end", ENDS)
def test_a_feature_that_knows_the_future_is_refused_by_its_name(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    edited = tmp_path / "edited.sql"
    query = FEATURES_SQL.read_text(encoding="utf-8")
    edited.write_text(
        query.replace("FROM transactions\n", f", {ENDS[end]} AS LEAK FROM transactions\n")
        .replace("TX_FRAUD, CENTS, PLACE", "TX_FRAUD, LEAK, CENTS, PLACE")
        .replace("    TX_AMOUNT,\n    IF(", "    TX_AMOUNT,\n    LEAK,\n    IF(")
    )
    monkeypatch.setattr("fraud.features.prepare.FEATURES_SQL", edited)
    outputs = [tmp_path / "features", tmp_path / "validation"]
    arguments = ["--transactions", history, "--features", outputs[0], "--validation", outputs[1]]
    assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: edited.sql: LEAK knows the future: for TRANSACTION_ID ")
    assert said.count("\n") == 1
    assert not any(output.exists() for output in outputs)


def test_a_new_feature_of_the_past_is_taken(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = tmp_path / "edited.sql"
    mean = "AVG(TX_AMOUNT) OVER (PARTITION BY TERMINAL_ID ORDER BY TX_EPOCH ROWS UNBOUNDED PRECEDING)"
    edited.write_text(f"SELECT *, {mean} / 3 AS MEAN FROM ({FEATURES_SQL.read_text(encoding='utf-8')})")  # noqa: S608
    monkeypatch.setattr("fraud.features.prepare.FEATURES_SQL", edited)
    with pytest.raises(FeaturesError, match=r"edited\.sql: DuckDB cannot run it: .*TX_EPOCH"):
        prepare(history, tmp_path / "features", tmp_path / "validation")
    edited.write_text(
        edited.read_text(encoding="utf-8").replace("ORDER BY TX_EPOCH ROWS", "ORDER BY TX_DATETIME ROWS")
    )
    prepare(history, tmp_path / "features", tmp_path / "validation")
    assert FeatureTable(tmp_path / "features").features[-1].name == "MEAN"


@pytest.mark.parametrize("name", ["transactions.parquet", "transactions.csv"])
def test_a_fraud_that_was_reported_late_is_genuine_until_then(write: Write, tmp_path: Path, name: str) -> None:
    times = [datetime(2018, 4, day, 12, tzinfo=UTC) for day in (1, 8, 11, 11)]
    reports = [datetime(2018, 4, 11, 12, 0, 0, 500_000, tzinfo=UTC), None, None, None]
    columns: dict[str, Any] = {
        "TRANSACTION_ID": [1, 2, 3, 4],
        "TX_DATETIME": [*times[:3], times[3] + timedelta(seconds=1)],
        "CUSTOMER_ID": [1, 2, 3, 4],
        "TERMINAL_ID": [1, 1, 1, 1],
        "TX_AMOUNT": [5.0, 5.0, 5.0, 5.0],
        "TX_FRAUD": [1, 0, 0, 0],
    }

    def shares(**more: Any) -> list[float]:
        prepare(write(name, **columns, **more), tmp_path / "features", tmp_path / "validation")
        rows = FeatureTable(tmp_path / "features").between(datetime(2018, 4, 1), datetime(2018, 5, 1))  # noqa: DTZ001
        return [*rows["TERMINAL_ID_RISK_7DAY_WINDOW"].to_pylist()]

    assert shares() == shares(TX_FRAUD_REPORTED=pa.array([None] * 4, pa.timestamp("us", "UTC"))) == [0, 1, 1, 1]
    assert shares(TX_FRAUD_REPORTED=pa.array(reports, pa.timestamp("us", "UTC"))) == [0, 0, 0, 1]


def test_a_report_that_is_no_time_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="TX_FRAUD_REPORTED has the wrong type: found 'soon'"):
        prepare(write("t.csv", TX_FRAUD_REPORTED=["", "soon", ""]), tmp_path / "features", tmp_path / "validation")
