"""Requests as they come, instances as they fail: what a caller gets, and that no request is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from starlette.types import Message

from azureml_local.arm.faults import Fault, Faults
from azureml_local.endpoints import callers
from azureml_local.endpoints.instances import Instances
from azureml_local.endpoints.routes import KEYS

from .front import ENDPOINT, Front, front, ok

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
NAMED = "azureml_model_deployment"


def run(folder: Path, test: Callable[[Front], Awaitable[None]], *allow: str) -> None:
    async def inside() -> None:
        async with front(folder, *allow) as door:
            await test(door)

    asyncio.run(inside())


async def dies(reader: Reader, writer: Writer, body: bytes) -> None:
    """Lose the connection without a word."""
    writer.transport.abort()


async def dies_in_the_middle(reader: Reader, writer: Writer, body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def babbles(reader: Reader, writer: Writer, body: bytes) -> None:
    writer.write(b"what?\r\n\r\n")


async def answers_once(reader: Reader, writer: Writer, body: bytes) -> None:
    """Promise to keep the connection, and close it."""
    await ok(reader, writer, body)
    await writer.drain()
    writer.close()


async def never(reader: Reader, writer: Writer, body: bytes) -> None:
    await reader.read()  # until the caller goes
    writer.close()


@pytest.mark.parametrize(
    ("parts", "headers"),
    [
        ((b"{}",), {}),
        ((b"",), {}),
        ((b"a" * 70_000, b"b" * 70_000, b""), {"content_type": "application/octet-stream"}),
        ((b"\r\n\r\nPOST / HTTP/1.1\r\n\r\n",), {"content_type": "text/plain; charset=\xe9"}),
        ((b"\x00\xff",), {"content_length": "no number"}),
    ],
    ids=["small", "empty", "large in parts", "like a request", "a length that is none"],
)
def test_any_body_arrives_as_it_was_sent(
    tmp_path: Path, parts: tuple[bytes, ...], headers: dict[str, str]
) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", ok)
        answer = await door.ask(*parts, **headers)
        assert answer is not None
        assert (answer.status, answer.body) == (200, b"".join(parts))
        assert door.asked == [b"".join(parts)]
        assert door.recorded() == [("blue", 200, 200, 0)]

    run(tmp_path, test)


@pytest.mark.parametrize("said", [True, False], ids=["by its length", "as it comes"])
def test_a_body_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bool) -> None:
    monkeypatch.setattr(callers, "LONGEST_BODY", 10)

    async def test(door: Front) -> None:
        await door.deploy("blue", ok)
        length = {"content_length": "12"} if said else {}
        answer = await door.ask(b"123456", b"789012", **length)
        assert answer is not None
        assert answer.status == 413
        assert door.asked == []

    run(tmp_path, test)


def test_nothing_is_read_of_whom_the_endpoint_does_not_know(tmp_path: Path) -> None:
    async def nothing() -> Message:
        raise AssertionError("the body was read")

    async def test(door: Front) -> None:
        for shown in ("", "Bearer", "Basic x", "Bearer no", "Bearer \xe9"):
            answer = await door.ask(receive=nothing, authorization=shown)
            assert answer is not None
            assert answer.status == 401

    run(tmp_path, test)


@pytest.mark.parametrize(
    "path", ["/endpoints/e/score\n", "/endpoints/e/", "/endpoints/e/score/", "/x/endpoints/e/score"]
)
def test_other_addresses_are_left_to_others(tmp_path: Path, path: str) -> None:
    async def test(door: Front) -> None:
        answer = await door.ask(path=path)
        assert answer is not None
        assert answer.status == 418

    run(tmp_path, test)


def test_a_slow_caller_takes_nobodys_place(tmp_path: Path) -> None:
    """A request counts from when it is whole; who stops in the middle leaves nothing."""
    halted, go = asyncio.Event(), asyncio.Event()
    left = [b"4", b"2"]

    async def slowly() -> Message:
        if len(left) == 1:
            halted.set()
            await go.wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def test(door: Front) -> None:
        group = await door.deploy("blue", ok)
        slow = asyncio.create_task(door.ask(receive=slowly))
        await halted.wait()
        assert (group.pending, door.asked) == (0, [])
        # the key that it came in with is the same; where it goes to is decided when it is whole
        await door.deploy("green", ok)
        door.put({"green": 100})
        go.set()
        answer = await slow
        assert answer is not None
        assert (answer.status, answer.body) == (200, b"42")
        assert answer.headers["azureml-model-deployment"] == "green"

    run(tmp_path, test)


def leaving(body: bytes, gone: asyncio.Event) -> Callable[[], Awaitable[Message]]:
    """A caller who sends this and goes away once `gone` is set."""
    left = [body] if body else []

    async def receive() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    return receive


def test_who_goes_away_is_worked_for_no_more(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        asked, ended, gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def works(reader: Reader, writer: Writer, body: bytes) -> None:
            asked.set()
            await reader.read()  # the end of the connection is all that comes
            ended.set()
            writer.close()

        group = await door.deploy("blue", works, limit="PT1M")
        request = asyncio.create_task(door.ask(receive=leaving(b"{}", gone)))
        await asked.wait()
        assert group.pending == 1
        gone.set()
        assert await request is None
        await ended.wait()
        assert group.pending == group.instances[0].busy == 0
        assert door.recorded() == [("blue", 499, 0, 0)]

    run(tmp_path, test)


def test_who_goes_away_in_the_middle_of_the_body_is_not_answered(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", ok)
        gone = asyncio.Event()
        gone.set()
        assert await door.ask(receive=leaving(b"", gone)) is None
        assert door.recorded() == []

    run(tmp_path, test)


@pytest.mark.parametrize("first", [dies, dies_in_the_middle], ids=["before", "in"])
def test_an_instance_that_dies_with_its_answer_costs_no_request(tmp_path: Path, first) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", first, ok)
        for _ in range(4):
            answer = await door.ask(b"1")
            assert answer is not None
            assert (answer.status, answer.body) == (200, b"1")
        assert {status for _, status, _, _ in door.recorded()} == {200}
        assert len(door.recorded()) == 4

    run(tmp_path, test)


def test_a_request_that_kills_is_not_carried_through_all_instances(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", dies, dies, dies)
        answer = await door.ask(b"poison")
        assert answer is not None
        assert (answer.status, answer.headers["ms-azureml-model-error-reason"]) == (424, "model_error")
        assert door.asked == [b"poison"] * 2

    run(tmp_path, test)


def test_an_instance_that_has_ended_is_not_asked(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        group = await door.deploy("blue", ok, dies)
        dead = group.instances[1].process
        os.killpg(dead.pid, signal.SIGKILL)
        dead.wait()
        for _ in range(4):
            answer = await door.ask(b"1")
            assert answer is not None
            assert answer.status == 200
        assert len(door.asked) == 4
        os.killpg(group.instances[0].process.pid, signal.SIGKILL)
        group.instances[0].process.wait()
        answer = await door.ask(b"1")
        assert answer is not None
        assert (answer.status, answer.headers["ms-azureml-model-error-reason"]) == (424, "model_not_ready")

    run(tmp_path, test)


def test_a_connection_that_the_instance_closed_is_opened_again(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", answers_once)
        answers = [await door.ask(b"%d" % number) for number in range(5)]
        assert [answer and answer.body for answer in answers] == [b"0", b"1", b"2", b"3", b"4"]

    run(tmp_path, test)


def test_a_connection_that_was_kept_is_used_again(tmp_path: Path) -> None:
    connections = set()

    async def keeps(reader: Reader, writer: Writer, body: bytes) -> None:
        connections.add(writer)
        await ok(reader, writer, body)

    async def test(door: Front) -> None:
        await door.deploy("blue", keeps)
        for _ in range(5):
            assert await door.ask(b"1")
        assert len(connections) == 1

    run(tmp_path, test)


def test_what_is_no_http_is_the_models_failure(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", babbles, ok)
        answers = [await door.ask(b"1") for _ in range(2)]
        assert sorted(answer.status for answer in answers if answer) == [200, 424]

    run(tmp_path, test)


def test_what_takes_too_long_ends(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        group = await door.deploy("blue", never, limit="PT0.05S")
        answer = await door.ask(b"1")
        assert answer is not None
        assert (answer.status, answer.body) == (408, b"Request timed out")
        assert answer.headers["ms-azureml-model-error-statuscode"] == "504"
        assert group.pending == 0
        assert door.recorded() == [("blue", 408, 504, 0)]

    run(tmp_path, test)


def test_more_than_twice_what_is_taken_at_once_is_refused(tmp_path: Path) -> None:
    """By default one at a time: two may be under way, the third is refused and nobody else."""

    async def test(door: Front) -> None:
        asked, go = asyncio.Semaphore(0), asyncio.Event()

        async def waits(reader: Reader, writer: Writer, body: bytes) -> None:
            asked.release()
            await go.wait()
            await ok(reader, writer, body)

        group = await door.deploy("blue", waits, at_once=1)
        under_way = [asyncio.create_task(door.ask(b"1")) for _ in range(2)]
        for _ in under_way:
            await asked.acquire()
        refused = await door.ask(b"1")
        assert refused is not None
        assert refused.status == 429
        assert refused.headers["ms-azureml-model-error-reason"] == "too_many_pending_request"
        go.set()
        assert [answer and answer.status for answer in await asyncio.gather(*under_way)] == [200, 200]
        assert group.pending == 0
        assert door.recorded() == [("blue", 429, 0, 0), ("blue", 200, 200, 0), ("blue", 200, 200, 0)]

    run(tmp_path, test)


def test_a_deployment_ends_when_what_was_under_way_is_answered(tmp_path: Path) -> None:
    """Removed, or replaced by the instances of an update: who asked before is answered by those before."""

    async def test(door: Front) -> None:
        asked, go = asyncio.Event(), asyncio.Event()

        async def waits(reader: Reader, writer: Writer, body: bytes) -> None:
            asked.set()
            await go.wait()
            await ok(reader, writer, b"old")

        instances = door.context.part(Instances)
        old = await door.deploy("blue", waits)
        before = asyncio.create_task(door.ask(b"1"))
        await asked.wait()
        new = await door.group(old.deployment, ok)
        assert instances.replace(new) is old
        ending = asyncio.create_task(asyncio.to_thread(instances.retire, old))
        while not old.stopping:
            await asyncio.sleep(0)
        after = await door.ask(b"new")
        assert after is not None
        assert after.body == b"new"
        assert old.instances[0].alive
        assert not ending.done()
        go.set()
        answer = await before
        assert answer is not None
        assert (answer.status, answer.body) == (200, b"old")
        await ending
        assert not old.instances[0].alive
        await asyncio.to_thread(instances.stop_deployment, new.deployment)
        gone = await door.ask(b"1")
        assert gone is not None
        assert (gone.status, gone.headers["ms-azureml-model-error-statuscode"]) == (424, "503")

    run(tmp_path, test)


def test_mirrored_requests_are_answered_by_one_and_noted_of_both(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        mirrored = asyncio.Event()

        async def fails(reader: Reader, writer: Writer, body: bytes) -> None:
            writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            mirrored.set()

        await door.deploy("blue", ok)
        await door.deploy("green", fails)
        door.put({"blue": 100}, mirror={"green": 50})
        for _ in range(200):
            answer = await door.ask(b"1")
            assert answer is not None
            assert answer.headers["azureml-model-deployment"] == "blue"
            if mirrored.is_set():
                break
        while door.context.part(Instances).group(ENDPOINT.child("deployments", "green")).pending:  # type: ignore[union-attr]
            await asyncio.sleep(0)
        assert ("green", 424, 500, 1) in door.recorded()
        assert {row[1:] for row in door.recorded() if row[0] == "blue"} == {(200, 200, 0)}
        seen = len([row for row in door.recorded() if row[3]])
        for _ in range(20):
            assert await door.ask(b"1", **{NAMED: "BLUE"})
        assert len([row for row in door.recorded() if row[3]]) == seen

    run(tmp_path, test)


def test_a_key_that_was_changed_holds_for_the_next_request(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", ok)
        store = door.context.store
        for number in range(20):
            store.update(KEYS, ENDPOINT.key, primaryKey=f"k{number}")
            new = await door.ask(b"1", authorization=f"Bearer k{number}")
            old = await door.ask(b"1", authorization=f"Bearer k{number - 1}")
            assert (new and new.status, old and old.status) == (200, 401)

    run(tmp_path, test)


def test_faults_strike_scoring_addresses_too(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", ok)
        door.context.part(Faults).add(Fault("POST /endpoints/e/score", status=503, call=2))
        answers = [await door.ask(b"1") for _ in range(3)]
        assert [answer and answer.status for answer in answers] == [200, 503, 200]

    run(tmp_path, test)


def test_the_rule_that_is_switched_off_shows_the_containers_status(tmp_path: Path) -> None:
    async def test(door: Front) -> None:
        await door.deploy("blue", dies)
        answer = await door.ask(b"1")
        assert answer is not None
        assert answer.status == 502

    run(tmp_path, test, "scoring-front-end")
