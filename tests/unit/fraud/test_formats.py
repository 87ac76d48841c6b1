"""The formats of landed files: whatever they are written in, they say the same."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fraud.data.contract import ContractError, check

from .conftest import Write

ROWS: list[dict[str, Any]] = [
    {"TRANSACTION_ID": 1, "TX_DATETIME": "2018-04-01 00:00:31", "CUSTOMER_ID": 596, "TERMINAL_ID": 3156,
     "TX_AMOUNT": 57.16, "TX_FRAUD": 0},
    {"TRANSACTION_ID": 2, "TX_DATETIME": "2018-04-01T14:00:00+02:00", "CUSTOMER_ID": 4961, "TERMINAL_ID": 3412,
     "TX_AMOUNT": 81.51, "TX_FRAUD": 0},
    {"TRANSACTION_ID": 3, "TX_DATETIME": "2018-04-02T23:59:59Z", "CUSTOMER_ID": 596, "TERMINAL_ID": 3156,
     "TX_AMOUNT": 0, "TX_FRAUD": 1},
]  # fmt: skip
CAPTURE = {
    "type": "record",
    "name": "EventData",
    "namespace": "Microsoft.ServiceBus.Messaging",
    "fields": [
        {"name": "SequenceNumber", "type": "long"},
        {"name": "Offset", "type": "string"},
        {"name": "EnqueuedTimeUtc", "type": "string"},
        {"name": "SystemProperties", "type": {"type": "map", "values": ["long", "double", "string", "bytes"]}},
        {"name": "Properties", "type": {"type": "map", "values": ["long", "double", "string", "bytes", "null"]}},
        {"name": "Body", "type": ["null", "bytes"]},
    ],
}
"""The schema of the files that Event Hubs Capture writes."""


def captured(*bodies: bytes) -> bytes:
    fastavro = pytest.importorskip("fastavro", reason="fastavro is not installed")
    events = [
        {
            "SequenceNumber": number,
            "Offset": str(number),
            "EnqueuedTimeUtc": "4/2/2018 1:00:00 AM",
            "SystemProperties": {},
            "Properties": {},
            "Body": body,
        }
        for number, body in enumerate(bodies)
    ]
    content = io.BytesIO()
    fastavro.writer(content, CAPTURE, events, codec="deflate")
    return content.getvalue()


def typed() -> bytes:
    """Records whose fields are the columns, with types of Avro's own."""
    fastavro = pytest.importorskip("fastavro", reason="fastavro is not installed")
    kinds = dict.fromkeys(ROWS[0], "long") | {"TX_AMOUNT": "double"}
    fields = [{"name": name, "type": kind} for name, kind in kinds.items() if name != "TX_DATETIME"]
    fields.append({"name": "TX_DATETIME", "type": {"type": "long", "logicalType": "timestamp-millis"}})
    times = [datetime.fromisoformat(row["TX_DATETIME"]) for row in ROWS]
    aware = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in times]
    content = io.BytesIO()
    records = [row | {"TX_DATETIME": time} for row, time in zip(ROWS, aware, strict=True)]
    fastavro.writer(content, {"type": "record", "name": "T", "fields": fields}, records)
    return content.getvalue()


def lines(rows: list[dict[str, Any]] = ROWS) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", lines),
        ("a.ndjson", lambda: lines([dict(reversed(row.items())) | {"more": {"x": [1]}} for row in ROWS])),
        ("a[*].jsonl", lambda: lines().strip()),
        ("a.avro", lambda: captured(*[json.dumps(row).encode() for row in ROWS])),
        ("it's.avro", typed),
    ],
)
def test_every_format_says_what_parquet_says(
    write: Write, tmp_path: Path, name: str, content: Callable[[], bytes]
) -> None:
    (tmp_path / name).write_bytes(content())
    found = check(tmp_path / name)
    expected = check(write())
    assert [file.pop("file") for file in found["files"]] == [name]
    expected["files"][0].pop("file")
    assert found == expected


def test_files_of_several_formats_are_read_as_one(write: Write, tmp_path: Path) -> None:
    write("landed/a.parquet", TRANSACTION_ID=[11, 12, 13])
    write("landed/b.csv", TRANSACTION_ID=[21, 22, 23])
    (tmp_path / "landed/c.jsonl").write_bytes(lines())
    for partition in ("0", "1"):  # of one name, in folders of their own, as captures are
        folder = tmp_path / "landed" / partition
        folder.mkdir()
        rows = [row | {"TRANSACTION_ID": f"{partition}{row['TRANSACTION_ID']}9"} for row in ROWS]
        (folder / "17.avro").write_bytes(captured(*[json.dumps(row).encode() for row in rows]))
    assert check(tmp_path / "landed")["rows"] == 15


def test_a_wrong_row_of_an_event_is_named_by_the_file_that_landed(tmp_path: Path) -> None:
    rows = [row | {"TX_AMOUNT": amount} for row, amount in zip(ROWS, (1.5, -3, "many"), strict=True)]
    (tmp_path / "a.avro").write_bytes(captured(*[json.dumps(row).encode() for row in rows]))
    with pytest.raises(ContractError, match="found 'many', expected a number") as caught:
        check(tmp_path / "a.avro")
    assert [each["rows"] for each in caught.value.violations] == [
        [{"file": "a.avro", "row": 3, "value": "many"}],
        [{"file": "a.avro", "row": 2, "value": "-3"}],
    ]


def test_what_an_object_lacks_is_no_value(tmp_path: Path) -> None:
    rows = [
        ROWS[0],
        {key: value for key, value in ROWS[1].items() if key != "TX_FRAUD"},
        ROWS[2] | {"TX_FRAUD": None},
    ]
    (tmp_path / "a.jsonl").write_bytes(lines(rows))
    with pytest.raises(ContractError, match="TX_FRAUD has no value in 2 of 3 rows"):
        check(tmp_path / "a.jsonl")
    (tmp_path / "a.jsonl").write_bytes(lines([{"TRANSACTION_ID": 1}]))
    with pytest.raises(ContractError, match="TX_DATETIME is missing; the file has TRANSACTION_ID"):
        check(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", lambda: b"", "the file has no columns"),
        ("a.jsonl", lambda: lines() + b'{"TRANSACTION_ID": 4', "cannot be read"),
        ("a.jsonl", lambda: b"no json\n", "cannot be read"),
        ("a.avro", lambda: b"no avro", "cannot be read"),
        ("a.avro", lambda: captured(b"{}")[:-30], "cannot be read"),
        ("a.avro", captured, "the file has no columns"),
        ("a.avro", lambda: captured(lines(), b"\xff"), "the body of record 1 is not JSON"),
        ("a.avro", lambda: captured(b"[1]"), "the body of record 1 is JSON, but no object"),
    ],
)
def test_a_broken_file_gets_one_line(tmp_path: Path, name: str, content: Callable[[], bytes], said: str) -> None:
    (tmp_path / name).write_bytes(content())
    with pytest.raises(ContractError, match=said) as caught:
        check(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert "\n" not in str(caught.value)


def test_avro_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.avro").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "fastavro", None)
    with pytest.raises(ContractError, match="reading Avro needs fastavro; install it: pip install fastavro"):
        check(tmp_path / "a.avro")
