"""What may not begin: one clear line, its exit code, and nothing made. And two that begin at once."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mlops.errors import BadInput, Busy, GateRefused, MlopsError, ServiceFailed
from mlops.release.lease import Holder, held
from mlops.release.rollback import rollback
from tests.emulator import fresh

from .world import BREAKING, MODEL, REFUSED, TARGET, Figures, World, config_of, register


def nothing_made(world: World) -> None:
    assert world.now().state is None
    assert world.store.names() == []


def test_a_version_that_is_not_there(world: World) -> None:
    from mlops.workspace import models

    with pytest.raises(BadInput, match=r"there is no version 99 of the model trivial"):
        models.find(world.client, MODEL, 99)


def test_one_that_the_gate_refused(world: World) -> None:
    with pytest.raises(GateRefused, match="the gate's verdict on trivial:7 is reject"):
        world.release(REFUSED)
    nothing_made(world)


def test_a_target_without_approval(world_of: Any) -> None:
    world = world_of(approval=[TARGET])
    with pytest.raises(BadInput, match="a release to local needs the approval of a person"):
        world.release(1)
    nothing_made(world)


def test_one_whose_model_is_not_what_was_registered(world: World) -> None:
    from azure.storage.blob import BlobClient

    register(world.client, version := 40, bias=0.5)
    found = world.client.models.get(MODEL, str(version))
    container = world.store.folder.container
    path = str(found.path).partition("/paths/")[2]
    blob: BlobClient = container.get_blob_client(f"{path.rstrip('/')}/model.json")
    blob.upload_blob(b'{"bias": 0.75}', overwrite=True)
    with pytest.raises(ServiceFailed, match=r"trivial:40 is not what was registered: the SHA-256 of model.json"):
        world.release(version)
    nothing_made(world)


def test_one_that_breaks_the_callers_of_what_serves(world: World) -> None:
    world.release(1)
    before = world.store.names()
    with pytest.raises(BadInput, match="trivial:8 breaks the callers of version 1") as refused:
        world.release(BREAKING)
    assert refused.value.details == ["y is needed, and nobody sends it yet"]
    assert world.store.names() == before
    world.alone(1)


def test_quota_that_does_not_suffice_is_said_before_anything_is_made(world: World) -> None:
    register(world.client, 42, instances=100)
    with pytest.raises(
        BadInput, match=r"120 cores are needed \(120 × Standard_F1s, with the reserve for upgrades\)"
    ):
        world.release(42)
    nothing_made(world)


def test_the_second_of_two_at_once_says_who_holds_the_endpoint(world: World) -> None:
    other = Holder(name="somebody", host="elsewhere", pid=7)
    with held(world.store, world.time.clock, other, 15, 0):
        with pytest.raises(Busy, match=r"somebody \(process 7 on elsewhere\) until ") as busy:
            world.release(1, holder=Holder(name="tests"))
        assert busy.value.exit_code == 6
    nothing_made(world)


def test_it_waits_for_the_first_as_long_as_it_is_told_to(world: World) -> None:
    """The first has died: its lease ends by itself."""
    other = Holder(name="somebody", host="elsewhere", pid=7)
    lease = held(world.store, world.time.clock, other, 15, 0)
    lease.__enter__()
    with pytest.raises(Busy):
        world.release(1, wait_seconds=600)
    world.release(1, wait_seconds=1200)
    world.alone(1)
    assert 900 <= world.time.waited < 1800


def test_of_many_at_once_one_gets_the_lease(world: World) -> None:
    got: list[str] = []
    start = threading.Barrier(6)

    def take(number: int) -> None:
        start.wait()
        try:
            with held(world.store, world.time.clock, Holder(name=str(number)), 15, 0):
                got.append(str(number))
                done.wait()
        except Busy:
            refused.append(number)
            if len(refused) == 5:
                done.set()

    refused: list[int] = []
    done = threading.Event()
    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(got), len(refused)) == (1, 5)


def test_a_lease_that_was_taken_stops_the_release_at_its_next_step(world: World) -> None:
    world.release(1)

    class Taken(Figures):
        def counts(self, deployments: Any, since: Any, slower_than_ms: float) -> Any:
            if len(self.asked) == 1:  # in the mirror, after the look before anything was made
                self.asked.append(())
                rollback(world.client, world.config, TARGET, None, "it smells", world.said.append, clock=clock)
            return super().counts(deployments, since, slower_than_ms)

    clock = world.time.clock
    with pytest.raises(Busy, match="the lease of this release was taken"):
        world.release(2, Taken())
    now = world.now()
    assert now.champion
    assert (now.champion.version, now.mirror) == (1, {})
    world.release(3, Figures())
    world.alone(3)


def test_another_version_after_one_that_was_broken_off_begins_from_what_was_good(world: World) -> None:
    from .wire import Killed, wired

    world.release(1)
    good = world.newest.deployment
    with wired() as wire:
        world.release(2, Figures())
    assert wire.written > 20
    rollback(world.client, world.config, TARGET, 1, "to begin", world.said.append, clock=world.time.clock)
    with wired("killed", wire.written - 4, writes=True), pytest.raises(Killed):
        world.release(2, Figures())
    assert world.newest.document["before"]["traffic"] == {good: 100}
    record = world.release(3, Figures())
    assert record
    assert record.before == {good: 100}
    world.alone(3)


def test_rollback_goes_to_the_version_before_and_names_what_stands(world: World) -> None:
    def back(to: int | None = None) -> Any:
        return rollback(world.client, world.config, TARGET, to, "pager", world.said.append, clock=world.time.clock)

    with pytest.raises(MlopsError, match="there is no endpoint"):
        back()
    world.release(1)
    with pytest.raises(BadInput, match="of what had the traffic before nothing stands any more"):
        back()
    world.release(2)
    record = back()
    world.answers(1.0)
    assert (record.document["state"], record.document["reason"]) == ("succeeded", "pager")
    with pytest.raises(BadInput, match=r"no deployment of version 3 stands any more; those that do: \[1, 2\]"):
        back(3)
    back(2)
    world.answers(2.0)


def test_a_record_is_read_by_people(world: World) -> None:
    from mlops.report import released

    record = world.release(1, Figures())
    assert record
    said = released.lines(record.document)
    assert said[0] == f"trivial version 1 behind {world.endpoint} has all the traffic"
    assert "</html>" in released.page(record.document)
    world.release(2, Figures())
    text = "\n".join(released.lines(world.newest.document))
    assert "mirror  go       5000/5000" in text
    assert max(map(len, text.splitlines())) <= 130


def test_a_budget_of_nonsense_is_refused_with_its_line(tmp_path: Any) -> None:
    from mlops.config import load
    from tests.emulator import REPOSITORY

    text = (REPOSITORY / "mlops.toml").read_text()
    file = tmp_path / "mlops.toml"
    file.write_text(text.replace("alpha = 0.01", "alpha = 7"))
    with pytest.raises(BadInput, match=r"line \d+: release\.canary\.alpha"):
        load(file)
    assert config_of("ep-x", fresh("ws")).release.canary.alpha == 0.01
