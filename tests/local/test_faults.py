"""Faults that were asked for strike the requests that they name, and what the SDK makes of them."""

from __future__ import annotations

import pytest

from azureml_local.machine.errors import LocalError
from azureml_local.server.pytest_plugin import Faults
from tests.emulator import Emulator, fresh

from .arm import Arm


def made(client, name: str, version: str = "1"):
    from azure.ai.ml.entities import Data

    return client.data.create_or_update(Data(name=name, version=version, path="azureml://datastores/d/paths/x"))


PUT = "PUT workspaces/data/versions"


def test_a_throttled_request_is_sent_again_by_the_sdk(ml_client, faults: Faults):
    name = fresh("d")
    faults.add(PUT, status=429)
    assert made(ml_client, name).version == "1"
    (fault,) = faults.seen()
    assert (fault["operation"], fault["seen"]) == (PUT, 2)


def test_a_lost_connection_is_opened_again_by_the_sdk(ml_client, faults: Faults):
    name = fresh("d")
    faults.add(PUT, drop=True)
    assert made(ml_client, name).version == "1"
    assert faults.seen()[0]["seen"] == 2


def test_what_was_done_before_the_connection_was_lost_is_done(local: Emulator, faults: Faults):
    import httpx

    arm, name = Arm(local), fresh("kv")
    id_ = arm.id("Microsoft.KeyVault/vaults", name)
    faults.add("PUT Microsoft.KeyVault/vaults", drop=True, times=2)
    faults.add("PUT *vaults", drop=True, after=True, call=3)
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            arm.put(id_, {"properties": {}})
        assert arm.get(id_).status_code == 404
    with pytest.raises(httpx.RemoteProtocolError):
        arm.put(id_, {"properties": {}})
    assert arm.get(id_).status_code == 200
    assert arm.put(id_, {"properties": {}}).status_code == 200


def test_the_k_th_call_fails_and_no_other(local: Emulator, faults: Faults):
    arm, id_ = Arm(local), ""
    faults.add("PUT Microsoft.KeyVault/vaults", status=503, call=2, times=2)
    statuses = []
    for _ in range(5):
        id_ = arm.id("Microsoft.KeyVault/vaults", fresh("kv"))
        statuses.append(arm.put(id_, {"properties": {}}).status_code)
    assert statuses == [201, 503, 503, 201, 201]
    assert arm.put(id_, {"properties": {}}).status_code == 200


def test_a_fault_for_ever_ends_when_it_is_taken_back(local: Emulator, faults: Faults):
    arm = Arm(local)
    faults.add(f"GET {arm.group}", status=500, times=0)
    assert [arm.get(arm.group).status_code for _ in range(3)] == [500] * 3
    assert arm.get(arm.group).json()["error"]["code"] == "InternalServerError"
    faults.clear()
    assert arm.get(arm.group).status_code == 200


def test_a_delay_only_delays(local: Emulator, faults: Faults):
    import time

    arm = Arm(local)
    faults.add(f"GET {arm.group}", delay=0.3)
    began = time.monotonic()
    assert arm.get(arm.group).status_code == 200
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"operation": "PUT x"}, "a status from 400 to 599, a delay or a drop"),
        ({"operation": "PUT x", "status": 200}, "a status from 400 to 599"),
        ({"operation": "", "drop": True}, "names an operation"),
        ({"operation": "PUT x", "drop": True, "call": 0}, "from the first call on"),
        ({"operation": "PUT x", "drop": True, "times": -1}, "0 .for ever. or more"),
        ({"operation": "PUT x", "status": "429"}, "The status of a fault is a int"),
        ({"operation": "PUT x", "drop": 1}, "The drop of a fault is a bool"),
        ({"operation": "PUT x", "odds": 0.5}, "A fault has no 'odds'"),
    ],
)
def test_a_fault_that_is_none_is_refused(faults: Faults, fault, said):
    with pytest.raises(LocalError, match=said):
        faults.add(**fault)
    assert faults.seen() == []


def test_faults_and_the_clock_are_the_persons(local: Emulator, faults: Faults):
    from .arm import VERSION

    arm = Arm(local)
    own = arm.acting(arm.identity())
    for address in ("/faults", "/clock"):
        assert (
            own.send("POST", address, json={"operation": "GET *", "drop": True, "seconds": 1}).status_code == 403
        )
    assert faults.seen() == []
    assert arm.send("GET", arm.group, params=VERSION).status_code == 200
