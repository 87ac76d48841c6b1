"""What was recorded is kept, in bounds of time and number, and outlives its server."""

from __future__ import annotations

from typing import Any

import pytest

from azureml_local.arm.context import Context
from azureml_local.arm.ids import workspace_id
from azureml_local.endpoints import traffic
from azureml_local.endpoints.traffic import DAYS, Traffic

ENDPOINT = workspace_id("s", "g", "w").child("onlineEndpoints", "e")
ANSWER: dict[str, Any] = {
    "status": 200,
    "model_status": 200,
    "ms": 1.0,
    "mirrored": False,
    "request_id": "r",
    "bytes_in": 1,
    "bytes_out": 2,
}


def kept(part: Traffic) -> int:
    with part.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM requests").fetchone()[0])


def test_what_was_recorded_is_there_at_once_and_for_the_next_server(context: Context) -> None:
    part = context.part(Traffic)
    before = kept(part)
    part.record(ENDPOINT, "blue", **ANSWER)
    assert kept(part) == before + 1
    part.record(ENDPOINT, "blue", **ANSWER)
    with part.reading():  # writes it; the server is killed after that
        pass
    after = Traffic(context)
    assert kept(after) == before + 2
    after.stop()


def test_what_is_a_month_old_is_forgotten(context: Context) -> None:
    part = context.part(Traffic)
    part.record(ENDPOINT, "blue", **ANSWER, time=context.clock.time() - DAYS * 86_400 - 1)
    part.record(ENDPOINT, "blue", **ANSWER)
    before = kept(part)
    part.forget()
    assert kept(part) == before - 1


def test_of_too_many_the_oldest_go(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    part = context.part(Traffic)
    for second in range(20):
        part.record(ENDPOINT, "green", **ANSWER, time=context.clock.time() + second)
    monkeypatch.setattr(traffic, "ROWS", 5)
    part.forget()
    assert kept(part) == 5


def test_memory_does_not_grow_where_nothing_is_written(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "UNWRITTEN", 10)
    part = Traffic(context)
    before = kept(part)
    for _ in range(25):
        part.record(ENDPOINT, "blue", **ANSWER)
    assert kept(part) == before + 10
    part.stop()


def test_the_database_is_read_only_to_whoever_asks(context: Context) -> None:
    import sqlite3

    with context.part(Traffic).reading() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM requests")
