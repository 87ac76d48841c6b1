"""How old, how new and how much: what the contract's settings ask of data, and what is only reported."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraud.data.contract import ContractError, check

from .conftest import Write

START = datetime(2018, 4, 1, tzinfo=UTC).replace(tzinfo=None)
Days = Callable[..., Path]


@pytest.fixture
def days(tmp_path: Path) -> Days:
    """Write a file with so many transactions a day, one a minute; every tenth is a fraud."""

    def written(*numbers: int, name: str = "a.parquet") -> Path:
        times = [
            START + timedelta(days=day, minutes=n) for day, number in enumerate(numbers) for n in range(number)
        ]
        rows = len(times)
        columns: dict[str, Any] = {
            "TRANSACTION_ID": range(rows),
            "TX_DATETIME": times,
            "CUSTOMER_ID": [1] * rows,
            "TERMINAL_ID": [1] * rows,
            "TX_AMOUNT": [1.0] * rows,
            "TX_FRAUD": [int(row % 10 == 0) for row in range(rows)],
        }
        pq.write_table(pa.table(columns), tmp_path / name)
        return tmp_path / name

    return written


def test_a_day_far_below_the_mean_of_those_before_is_an_alarm(days: Days) -> None:
    (alarm,) = check(days(*[100] * 14, 40, 100))["alarms"]
    assert alarm == {
        "alarm": "volume",
        "subject": "2018-04-15",
        "value": 40,
        "limit": 50.0,
        "text": "40 transactions on 2018-04-15, 40% of the mean of the 14 days before (100); 50% are expected",
    }


@pytest.mark.parametrize(
    ("numbers", "settings", "alarmed"),
    [
        ([100] * 10 + [50], {}, []),
        ([100] * 10 + [49], {}, ["2018-04-11"]),
        ([100] * 6 + [10], {}, []),  # six days before are too few to judge by
        ([100] * 10 + [0, 0, 100], {}, ["2018-04-11", "2018-04-12"]),
        ([100] * 10 + [10] + [100] * 7, {}, []),  # longer ago than a week
        ([100] * 10 + [10] + [100] * 7, {"volume_days": 8}, ["2018-04-11"]),
        ([100] * 10 + [90], {"min_volume_share": 0.95}, ["2018-04-11"]),
        ([100] * 10 + [10], {"quiet_days": [date(2018, 4, 11)]}, []),
        ([100] * 10 + [10], {"quiet_days": ["2018-04-12"]}, ["2018-04-11"]),
        ([100] * 10 + [10], {"as_of": "2018-04-11T13:00:00"}, []),  # the day is not over
        ([100] * 10 + [10], {"as_of": "2018-04-12"}, ["2018-04-11"]),
        ([1000] * 7 + [100] * 34 + [60], {}, []),  # the mean is that of 28 days
    ],
)
def test_which_days_are_alarming(
    days: Days, numbers: list[int], settings: dict[str, Any], alarmed: list[str]
) -> None:
    found = check(days(*numbers), **settings)["alarms"]
    assert [alarm["subject"] for alarm in found if alarm["alarm"] == "volume"] == alarmed


def test_alarms_refuse_where_the_policy_says_so(days: Days) -> None:
    path = days(*[100] * 10, 0, 10)
    with pytest.raises(ContractError, match=r"a\.parquet: 0 transactions on 2018-04-11, 0% of the mean") as caught:
        check(path, refuse=["volume"])
    assert [each["rule"] for each in caught.value.violations] == ["volume", "volume"]
    assert caught.value.details == [
        f"{path}: 10 transactions on 2018-04-12, 11% of the mean of the 11 days before (91); 50% are expected"
    ]
    assert len(check(path, refuse=["one-class"])["alarms"]) == 2


@pytest.mark.parametrize(("flag", "said"), [(0, "no transaction is a fraud"), (1, "every transaction is a fraud")])
def test_one_class_is_reported(write: Write, flag: int, said: str) -> None:
    path = write(TX_FRAUD=[flag] * 3)
    (alarm,) = check(path)["alarms"]
    assert (alarm["alarm"], alarm["subject"]) == ("one-class", "TX_FRAUD")
    assert alarm["text"].startswith(said)
    with pytest.raises(ContractError, match=said):
        check(path, refuse=["one-class"])


def test_an_optional_column_without_any_value_is_reported(write: Write) -> None:
    empty = pa.array([None, None, None], pa.int64())
    (alarm,) = check(write(TX_FRAUD_SCENARIO=empty))["alarms"]
    assert (alarm["alarm"], alarm["subject"]) == ("empty-column", "TX_FRAUD_SCENARIO")
    assert check(write(TX_FRAUD_SCENARIO=pa.array([None, 1, None], pa.int64())))["alarms"] == []


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [
        ({"as_of": "2018-04-02"}, True),  # a day is all of it
        ({"as_of": "2018-04-01"}, False),
        ({"as_of": "2018-04-02T23:59:59"}, True),
        ({"as_of": "2018-04-02T23:45:00"}, True),
        ({"as_of": "2018-04-02T23:44:00"}, False),
        ({"as_of": "2018-04-02T23:44:00", "max_future_minutes": 16}, True),
        ({"as_of": "2018-04-02T23:59:00", "max_future_minutes": 0}, False),
        ({"as_of": "2018-04-03T01:44:00+02:00"}, False),  # an offset counts
        ({}, True),
    ],
)
def test_the_future_begins_after_as_of(write: Write, settings: dict[str, Any], accepted: bool) -> None:
    path = write()
    if accepted:
        assert check(path, **settings)["rows"] == 3
        return
    with pytest.raises(ContractError, match="TX_DATETIME lies in the future, after 2018-04") as caught:
        check(path, **settings)
    assert caught.value.violations[0]["rows"][-1] == {
        "file": "transactions.parquet",
        "row": 3,
        "value": "2018-04-02 23:59:59",
    }


def test_no_as_of_makes_the_real_future_past(write: Write) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    path = write("a.csv", TX_DATETIME=["2018-04-01", "2018-04-02", later.isoformat()])
    with pytest.raises(ContractError, match=r"lies in the future.*\(1 of 3 rows\)"):
        check(path)
    with pytest.raises(ContractError, match="lies in the future"):
        check(path, as_of="2999-01-01")
    eastern = later.replace(tzinfo=None).isoformat() + "+03:00"  # an hour ago
    assert check(write("a.csv", TX_DATETIME=["2018-04-01", "2018-04-02", eastern]))["rows"] == 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"min_volume": 1}, "the contract has no setting min_volume; it has as_of, max_age_days"),
        ({"min_volume_share": "half"}, "min_volume_share is a number, not 'half'"),
        ({"refuse": ["volumes"]}, "'volumes' is none of volume, one-class, empty-column"),
        ({"quiet_days": ["christmas"]}, "'christmas' is no date"),
        ({"as_of": "soon"}, "as-of: 'soon' is not a date"),
    ],
)
def test_a_setting_that_cannot_be_is_said(write: Write, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        check(write(), **settings)


@pytest.fixture
def landed(write: Write, tmp_path: Path) -> Path:
    """A folder with a manifest, as a data asset is."""
    files = []
    for number, name in enumerate(["2018/a.csv", "b.parquet"]):
        file = write(f"landed/{name}", TRANSACTION_ID=[number * 3 + n for n in range(3)])
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        time = f"2018-04-0{number + 2}T04:00:00+00:00"
        files.append({"file": name, "size": len(content), "sha256": digest, "landed": time})
    folder = tmp_path / "landed"
    (folder / "_manifest.json").write_text(json.dumps({"schema": "manifest/1", "files": files}))
    return folder


def test_landing_times_and_checksums_of_a_manifest_are_told(landed: Path) -> None:
    document = check(landed, as_of="2018-04-04", max_landing_age_days=1, max_age_days=2)
    assert document["freshness"]["landing"] == {
        "newest": "2018-04-03T04:00:00",
        "max_age_days": 1,
        "age_days": 0.833,
    }
    assert [(file["file"], file["landed"]) for file in document["files"]] == [
        ("2018/a.csv", "2018-04-02T04:00:00+00:00"),
        ("b.parquet", "2018-04-03T04:00:00+00:00"),
    ]
    assert all(len(file["sha256"]) == 64 for file in document["files"])


def test_data_that_landed_too_long_ago_is_refused(landed: Path) -> None:
    with pytest.raises(ContractError, match=r"its newest landing is of 2018-04-03 04:00:00, 1\.8 days before"):
        check(landed, as_of="2018-04-05", max_landing_age_days=1, max_age_days=5)


def test_what_the_manifest_does_not_say_is_refused(landed: Path, write: Write) -> None:
    write("landed/c.csv", TRANSACTION_ID=[7, 8, 9])
    with pytest.raises(ContractError, match=r"c\.csv: the manifest does not name it"):
        check(landed)
    (landed / "c.csv").unlink()
    (landed / "b.parquet").unlink()
    with pytest.raises(ContractError, match=r"b\.parquet: the manifest names it, and it is not there"):
        check(landed)


def test_a_file_that_was_altered_is_refused(landed: Path) -> None:
    content = (landed / "2018/a.csv").read_text()
    (landed / "2018/a.csv").write_text(content.replace("57.16", "57.17"))
    with pytest.raises(ContractError, match=r"2018/a\.csv: its SHA-256 is [0-9a-f]{64}, not the manifest's"):
        check(landed)


@pytest.mark.parametrize("content", ["[]", "{", '{"schema": "manifest/1"}', '{"schema": "other/1", "files": []}'])
def test_a_manifest_that_is_none_is_said(landed: Path, content: str) -> None:
    (landed / "_manifest.json").write_text(content)
    with pytest.raises(ContractError, match=r"_manifest\.json: it"):
        check(landed)
