"""The contract of transactions: what it accepts, and one clear line for everything else."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from fraud.data.contract import ContractError, check

from .conftest import Write


def test_the_validation_document_tells_what_is_there(write: Write) -> None:
    path = write()
    assert check(path) == {
        "schema": "validation/2",
        "rows": 3,
        "frauds": 1,
        "first": "2018-04-01T00:00:31",
        "last": "2018-04-02T23:59:59",
        "customers": 2,
        "terminals": 2,
        "files": [
            {
                "file": "transactions.parquet",
                "rows": 3,
                "first": "2018-04-01T00:00:31",
                "last": "2018-04-02T23:59:59",
            }
        ],
        "freshness": {
            "as_of": None,
            "event": {"newest": "2018-04-02T23:59:59", "max_age_days": None},
            "landing": {"newest": None, "max_age_days": None},
        },
        "alarms": [],
    }


def test_csv_and_parquet_say_the_same(write: Write) -> None:
    document = check(write("a.csv"))
    assert document | {"files": []} == check(write("a.parquet")) | {"files": []}


def test_a_folder_is_read_as_one(write: Write, tmp_path: Path) -> None:
    write("landed/2018/a.parquet")
    write("landed/b.csv", TRANSACTION_ID=[4, 5, 6], TX_FRAUD_SCENARIO=[0, 0, 2])
    write("landed/_temporary/c.parquet")
    (tmp_path / "landed" / "notes.txt").write_text("not data")
    document = check(tmp_path / "landed")
    assert [(file["file"], file["rows"]) for file in document["files"]] == [("2018/a.parquet", 3), ("b.csv", 3)]
    assert (document["rows"], document["frauds"]) == (6, 2)


def test_every_file_of_a_folder_keeps_the_contract_with_the_others(write: Write, tmp_path: Path) -> None:
    write("landed/a.parquet")
    write("landed/b.csv", TRANSACTION_ID=[4, 5, 2])
    with pytest.raises(ContractError, match="must be unique; 2 occurs 2 times"):
        check(tmp_path / "landed")
    other = write("landed/b.csv", TRANSACTION_ID=[4, 5, 6], TX_AMOUNT=None)
    with pytest.raises(ContractError, match=f"^{other}: column TX_AMOUNT is missing"):
        check(tmp_path / "landed")


@pytest.mark.parametrize("name", ["it's.csv", "a*.csv", "[a].parquet", "?.parquet", "a b;#.csv"])
def test_a_name_is_no_pattern(write: Write, name: str) -> None:
    write("a1.csv", TRANSACTION_ID=[7, 7, 7])
    write("a.parquet", TRANSACTION_ID=[7, 7, 7])
    assert [file["file"] for file in check(write(name))["files"]] == [name]


def test_a_time_with_a_zone_becomes_utc(write: Write) -> None:
    times = ["2018-04-01T01:30:00+02:00", "2018-04-01 12:00:00Z", "2018-04-02 12:00:00"]
    document = check(write("a.csv", TX_DATETIME=times))
    assert (document["first"], document["last"]) == ("2018-03-31T23:30:00", "2018-04-02T12:00:00")


def test_physical_types_become_the_contracts(write: Write) -> None:
    times = [datetime(2018, 4, day) for day in (1, 2, 3)]  # noqa: DTZ001
    document = check(
        write(
            TRANSACTION_ID=pa.array([1, 2, 3], pa.uint32()),
            TX_DATETIME=pa.array(times, pa.timestamp("ns", "UTC")),
            TX_AMOUNT=pa.array([1, 2, 3], pa.int16()),
            TX_FRAUD=[False, True, True],
        )
    )
    assert (document["first"], document["frauds"]) == ("2018-04-01T00:00:00", 2)


HEADER = b"TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n"
GOOD = b"1,2018-04-01,1,1,1.0,0\n"

WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("a.parquet", {"TERMINAL_ID": None}, ["column TERMINAL_ID is missing", "TX_AMOUNT"]),
    ("a.csv", {"TX_FRAUD": None}, ["column TX_FRAUD is missing"]),
    ("a.parquet", {"TX_AMOUNT": ["1", "2", "3"]}, ["TX_AMOUNT", "found VARCHAR", "expected a number"]),
    ("a.parquet", {"CUSTOMER_ID": [1.5, 2.0, 3.0]}, ["CUSTOMER_ID", "found DOUBLE", "expected a whole number"]),
    ("a.parquet", {"TX_DATETIME": [1, 2, 3]}, ["TX_DATETIME", "found BIGINT", "expected a timestamp"]),
    ("a.csv", {"TX_AMOUNT": ["1", "ten", "3"]}, ["TX_AMOUNT", "found 'ten'", "1 of 3 rows"]),
    ("a.csv", {"TX_DATETIME": ["2018-04-01", "yesterday", "2018-04-03"]}, ["TX_DATETIME", "'yesterday'"]),
    ("a.csv", {"TX_FRAUD": ["0", "0.6", "1"]}, ["TX_FRAUD", "found '0.6'", "expected 0 or 1"]),
    ("a.csv", {"TX_FRAUD_SCENARIO": ["0", "x", ""]}, ["TX_FRAUD_SCENARIO", "found 'x'"]),
    ("a.parquet", {"CUSTOMER_ID": [1, None, 3]}, ["CUSTOMER_ID has no value in 1 of 3 rows"]),
    ("a.csv", {"TX_AMOUNT": [1.0, None, None]}, ["TX_AMOUNT has no value in 2 of 3 rows"]),
    ("a.parquet", {"TRANSACTION_ID": [7, 8, 7]}, ["TRANSACTION_ID must be unique", "7 occurs 2 times"]),
    ("a.parquet", {"TX_AMOUNT": [1.0, -0.01, 2.0]}, ["TX_AMOUNT is negative in 1 of 3", "TRANSACTION_ID 2"]),
    ("a.parquet", {"TX_AMOUNT": [1.0, 2.005, 3.0]}, ["whole in 100ths", "in 1 of 3 rows", "TRANSACTION_ID 2"]),
    ("a.parquet", {"TX_AMOUNT": [1.0, 9e10, 3.0]}, ["1 transactions of 9e+10", "less than 8.79609e+10"]),
    ("a.parquet", {"TX_AMOUNT": [1.0, 2.0, float("nan")]}, ["not a finite number", "TRANSACTION_ID 3"]),
    ("a.parquet", {"TX_FRAUD": [0, 2, 1]}, ["TX_FRAUD must be 0 or 1; found 2"]),
    ("a.csv", {"TX_AMOUNT": ["1", "1e300", "3"]}, ["TX_AMOUNT is not a finite number below", "TRANSACTION_ID 2"]),
    ("a.csv", {"TX_DATETIME": ["2018-04-01", "infinity", "2018-04-03"]}, ["TX_DATETIME", "found 'infinity'"]),
    ("a.csv", {"TX_DATETIME": ["2018-04-01", "12018-04-01", "2018-04-03"]}, ["between 1970-01-01", "12018-04"]),
    ("a.csv", {"TX_DATETIME": ["2018-04-01", "1969-12-31", "2018-04-03"]}, ["found 1969-12-31 (1 of 3 rows)"]),
    ("a.csv", {"TRANSACTION_ID": ["1", "9" * 20, "3"]}, ["TRANSACTION_ID", "expected a whole number"]),
    ("a.parquet", {name: pa.array([], pa.int64()) for name in ("TRANSACTION_ID", "CUSTOMER_ID", "TERMINAL_ID")}
     | {"TX_DATETIME": pa.array([], pa.timestamp("us")), "TX_AMOUNT": pa.array([], pa.float64()),
        "TX_FRAUD": pa.array([], pa.int64())}, ["no rows"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "columns", "said"), WRONG)
def test_what_is_not_as_the_contract_says_gets_one_line(
    write: Write, name: str, columns: dict[str, Any], said: list[str]
) -> None:
    path = write(name, **columns)
    with pytest.raises(ContractError) as caught:
        check(path)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    for part in said:
        assert part in line


def test_the_rows_that_break_a_rule_are_listed_with_file_and_row(write: Write, tmp_path: Path) -> None:
    write("landed/a.csv", TX_AMOUNT=["1", "-2", "ten"])
    write("landed/b.parquet", TRANSACTION_ID=[4, 5, 6], TX_AMOUNT=[-1.0, 1.0, -3.25])
    with pytest.raises(ContractError, match="TX_AMOUNT has the wrong type: found 'ten'") as caught:
        check(tmp_path / "landed")
    wrong, negative = caught.value.violations
    assert (wrong["rule"], wrong["column"], wrong["count"]) == ("type", "TX_AMOUNT", 1)
    assert wrong["rows"] == [{"file": "a.csv", "row": 3, "value": "ten"}]
    assert (negative["rule"], negative["count"]) == ("negative", 3)
    assert negative["rows"] == [
        {"file": "a.csv", "row": 2, "value": "-2"},
        {"file": "b.parquet", "row": 1, "value": "-1.0"},
        {"file": "b.parquet", "row": 3, "value": "-3.25"},
    ]
    assert caught.value.details == [
        "a.csv, row 3: TX_AMOUNT ten",
        f"{tmp_path / 'landed'}: TX_AMOUNT is negative in 3 of 6 rows, for example TRANSACTION_ID 2",
        "a.csv, row 2: TX_AMOUNT -2",
        "b.parquet, row 1: TX_AMOUNT -1.0",
        "b.parquet, row 3: TX_AMOUNT -3.25",
    ]


def test_only_the_first_rows_are_listed_and_the_others_counted(write: Write) -> None:
    many = 50
    columns = {
        "TRANSACTION_ID": list(range(many)),
        "TX_DATETIME": ["2018-04-01"] * many,
        "CUSTOMER_ID": [1] * many,
        "TERMINAL_ID": [1] * many,
        "TX_FRAUD": [0] * many,
        "TX_AMOUNT": [1.0] * 10 + [None] * (many - 10),
    }
    with pytest.raises(ContractError, match="no value in 40 of 50 rows") as caught:
        check(write("a.csv", **columns))
    (violation,) = caught.value.violations
    assert [row["row"] for row in violation["rows"]] == list(range(11, 31))
    assert caught.value.details[-1] == "and 20 rows more"


def test_rows_of_a_number_that_occurs_twice_are_listed_wherever_they_are(write: Write, tmp_path: Path) -> None:
    write("landed/a.parquet")
    write("landed/b.csv", TRANSACTION_ID=[4, 5, 2])
    with pytest.raises(ContractError, match="must be unique") as caught:
        check(tmp_path / "landed")
    (violation,) = caught.value.violations
    assert violation["count"] == 2
    assert [(row["file"], row["row"], row["value"]) for row in violation["rows"]] == [
        ("a.parquet", 2, "2"),
        ("b.csv", 3, "2"),
    ]


def test_rows_of_a_large_file_keep_their_numbers(tmp_path: Path) -> None:
    """Beyond a row group and a piece that the engine reads at once."""
    rows, wrong = 300_000, [7, 122_881, 250_000, 299_999]
    for name in ("a.csv", "a.parquet"):
        amount = [-1.0 if row in wrong else 1.0 for row in range(rows)]
        table = pa.table(
            {
                "TRANSACTION_ID": range(rows),
                "TX_DATETIME": [datetime(2018, 4, 1)] * rows,  # noqa: DTZ001
                "CUSTOMER_ID": [row % 1000 for row in range(rows)],
                "TERMINAL_ID": [1] * rows,
                "TX_AMOUNT": amount,
                "TX_FRAUD": [0] * rows,
            }
        )
        path = tmp_path / name
        pa.csv.write_csv(table, path) if path.suffix == ".csv" else pq.write_table(table, path)
        with pytest.raises(ContractError, match="is negative in 4 of 300000") as caught:
            check(path)
        assert [row["row"] - 1 for row in caught.value.violations[0]["rows"]] == wrong


def test_further_columns_do_not_matter(tmp_path: Path) -> None:
    header, row = b',tx_amount,it\'s "x",,' + HEADER, b'0,-1,"a, b",,' + GOOD
    (tmp_path / "a.csv").write_bytes(header + row)
    assert check(tmp_path / "a.csv")["rows"] == 1


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
def test_csv_as_other_systems_write_it(tmp_path: Path, line_end: bytes, begin: bytes) -> None:
    rows = HEADER + GOOD + b'"2","2018-04-01 10:00:00",1,1,"1.0","1"\n\n'
    (tmp_path / "a.csv").write_bytes(begin + rows.replace(b"\n", line_end))
    document = check(tmp_path / "a.csv")
    assert (document["rows"], document["frauds"], document["last"]) == (2, 1, "2018-04-01T10:00:00")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.parquet", b"not parquet at all", "cannot be read"),
        ("a.csv", b"", "column TRANSACTION_ID is missing"),
        ("a.csv", b"\n1,2\n", "column TRANSACTION_ID is missing; the file has no columns"),
        ("a.csv", HEADER + GOOD + b"2,2018-04-01,1,1,1.0,0,9\n", "Line: 3 Original Line: 2,2018"),
        ("a.csv", HEADER + GOOD + b"2,2018-04-01\n", "Expected Number of Columns: 6 Found: 2"),
        ("a.csv", HEADER + GOOD + b'2,"2018-04-01,1,1,1.0,0\n', "unterminated quote"),
        ("a.csv", HEADER + b"#" + GOOD, "TRANSACTION_ID has the wrong type: found '#1'"),
        ("a.csv", HEADER.replace(b",", b";"), "column TRANSACTION_ID is missing"),
        ("a.csv", b"TX_AMOUNT," + HEADER, "column TX_AMOUNT occurs 2 times"),
        ("a.csv", HEADER + b"\xe9,1\n", "cannot be read: 'utf-8' codec"),
        ("a.csv", b"PAR1" + bytes(200_000), "cannot be read"),
        ("a.xlsx", b"PK", "expected a file of .parquet or .csv or .jsonl"),
    ],
)
def test_an_unreadable_file_gets_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ContractError) as caught:
        check(tmp_path / name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("broken", [lambda data: data[:-20], lambda data: data[:-60] + b"\xff" * 52 + data[-8:]])
def test_a_broken_file_gets_one_line(write: Write, broken: Callable[[bytes], bytes]) -> None:
    path = write()
    path.write_bytes(broken(path.read_bytes()))
    with pytest.raises(ContractError, match=r"cannot be read: [^\n]+$"):
        check(path)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such file or folder"):
        check(tmp_path / "nothing")
    with pytest.raises(ContractError, match=r"holds no file of \.parquet or \.csv"):
        check(tmp_path)


def test_data_that_is_too_old_names_newest_moment_and_limit(write: Write) -> None:
    with pytest.raises(
        ContractError, match=r"2018-04-02 23:59:59, 3\.0 days before 2018-04-06 00:00:00; the limit is 2 days"
    ):
        check(write(), as_of="2018-04-06", max_age_days=2)


def test_the_moment_may_have_a_zone_and_only_counts_with_a_limit(write: Write) -> None:
    path = write()
    assert "age_days" not in check(path, as_of="2118-01-01")["freshness"]["event"]
    freshness = check(path, as_of="2018-04-04T01:59:59+02:00", max_age_days=1)["freshness"]
    assert freshness["as_of"] == "2018-04-03T23:59:59"
    assert freshness["event"] == {"newest": "2018-04-02T23:59:59", "max_age_days": 1, "age_days": 1.0}
    with pytest.raises(ContractError, match="as-of: 'soon' is not a date"):
        check(path, as_of="soon", max_age_days=1)


def test_a_limit_that_is_no_number_is_not_kept(write: Write) -> None:
    with pytest.raises(ContractError, match="too old"):
        check(write(), as_of="2018-04-03", max_age_days=float("nan"))


def test_the_contract_imports_nothing_heavy() -> None:
    code = (
        "import sys, fraud.data.contract; "
        "print([name for name in ('sklearn', 'mlflow', 'pandas', 'numpy', 'pyarrow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.skipif("FRAUD_DATA" not in os.environ, reason="FRAUD_DATA does not name the handbook's file")
def test_the_handbooks_file_is_accepted_whole() -> None:
    document = check(os.environ["FRAUD_DATA"])
    assert (document["rows"], document["frauds"]) == (1_754_155, 14_681)
    assert (document["first"][:10], document["last"][:10]) == ("2018-04-01", "2018-09-30")
