"""The time that the emulator keeps is handed in, and moves when a test says so; nothing sleeps."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

import pytest

from azureml_local.machine.clock import Clock
from azureml_local.machine.errors import LocalError
from azureml_local.server.pytest_plugin import Time
from tests.emulator import Emulator, fresh

from .arm import ML, Arm, refusal


@pytest.fixture
def own(tmp_path):
    """An emulator of this test alone: time is moved for the whole of it."""
    emulator = Emulator.at(tmp_path / "home").start()
    with emulator.addressed():
        yield emulator
    emulator.stop()
    shutil.rmtree(emulator.home.root)


def test_time_passes_for_what_is_made_and_what_is_held(own: Emulator):
    time, arm, name = Time(own.home), Arm(own), fresh("mlw")
    before = time.now()
    created = arm.made(ML, name)["systemData"]["createdAt"]
    assert datetime.fromisoformat(created) - before < timedelta(minutes=5)
    assert arm.delete(arm.id(ML, name)).status_code == 202
    again = {"location": "westeurope", "properties": {}}
    assert refusal(arm.put(arm.id(ML, name), again), 400).startswith("Soft-deleted workspace exists")
    time.pass_(days=13, hours=23)
    assert refusal(arm.put(arm.id(ML, name), again), 400).startswith("Soft-deleted workspace exists")
    time.pass_(hours=2)
    made = arm.put(arm.id(ML, name), again)
    assert made.status_code == 201
    created = datetime.fromisoformat(made.json()["systemData"]["createdAt"])
    assert timedelta(days=14) < created - before < timedelta(days=14, hours=2)


def test_whoever_holds_a_token_goes_on_with_it(own: Emulator):
    """Clients keep tokens by the time of this machine; those of the service would be refused before their end."""
    arm, client = Arm(own), own.client()
    client.datastores.get_default()
    Time(own.home).pass_(days=60)
    assert arm.get(arm.group).status_code == 200
    assert client.datastores.get_default().name == "workspaceblobstore"


def test_a_server_that_starts_again_knows_what_time_it_is(own: Emulator):
    time = Time(own.home)
    time.pass_(days=3)
    before = time.now()
    own.kill()
    own.start()
    assert timedelta() <= Time(own.home).now() - before < timedelta(minutes=5)


@pytest.mark.parametrize("seconds", [-1, float("inf"), "12", True, None])
def test_time_passes_forwards_only(own: Emulator, seconds):
    from azureml_local.server import control

    with pytest.raises(LocalError):
        control.ask(own.home, "/clock", "POST", {"seconds": seconds})


def test_a_clock_is_a_value():
    clock = Clock()
    before = clock.time()
    clock.move(3600)
    assert 3600 <= clock.time() - before < 3660
    assert clock.ahead == 3600
    with pytest.raises(ValueError, match="forwards"):
        clock.move(-1)
