"""What was answered is so, and is there whole or not at all: through bad bodies, kills, and races with an end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.emulator import GROUP, SUBSCRIPTION, Emulator, ended, fresh, wait_for

from .arm import ML, VERSION, Arm
from .serving import SCORE, Serving
from .steps import bare, error_of, job, pipeline

WORKSPACES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{ML}"


@pytest.fixture
def own(tmp_path) -> Iterator[Emulator]:
    """An emulator of this test alone."""
    emulator = Emulator.at(tmp_path / "home").start()
    yield emulator
    emulator.stop()
    log = (emulator.home.logs / "server.log").read_text()
    assert "Traceback" not in log, log
    assert emulator.processes() == []
    shutil.rmtree(emulator.home.root)


def send(emulator: Emulator, method: str, path: str, **options) -> httpx.Response:
    with emulator.http(headers={"Authorization": f"Bearer {emulator.token()}"}) as http:
        return http.request(method, path, params=VERSION, **options)


def operation_ended(emulator: Emulator, path: str) -> dict[str, Any]:
    """The operation at this address once it has ended."""

    def state() -> dict[str, Any] | None:
        found = send(emulator, "GET", path).json()
        return None if found["status"] == "Updating" else found

    return wait_for(state, f"the end of {path}")


BAD = [
    {"jobType": "Pipeline", "jobs": {"a": {"type": "command"}}, "inputs": {"i": None}},
    {"jobType": "Pipeline", "jobs": {"a": None}},
    {"jobType": "Pipeline", "jobs": ["a"]},
    {"jobType": "Pipeline", "jobs": {"a": {"type": "command"}}, "inputs": "text"},
    {"jobType": "Pipeline", "jobs": {"a": {"type": "command"}}, "settings": "text"},
    {"jobType": "Pipeline", "jobs": {"a": {"type": "command", "inputs": [1]}}},
    {"jobType": "Command", "command": "true", "tags": ["a"]},
    "text",
]


@pytest.mark.parametrize("properties", BAD, ids=[str(number) for number in range(len(BAD))])
def test_a_body_that_cannot_be_run_leaves_nothing(local: Emulator, ml_client, properties):
    """Once it left a job without a run: no list of jobs was answered any more, and no server started again."""
    workspace = f"{WORKSPACES}/{ml_client.workspace_name}"
    if isinstance(properties, dict):
        properties = {"environmentId": ml_client.environments.create_or_update(bare()).id, **properties}
    for _ in range(2):
        answer = send(local, "PUT", f"{workspace}/jobs/bad", json={"properties": properties})
        assert answer.status_code == 400, answer.text
    assert send(local, "GET", f"{workspace}/jobs").json()["value"] == []
    assert send(local, "GET", f"{workspace}/jobs/bad").status_code == 404


def test_a_run_that_cannot_be_read_is_in_nobodys_way(own: Emulator):
    """A record that an earlier version left half written is reported and left out."""
    with own.addressed():
        name = own.client("kept").jobs.create_or_update(job("true")).name
        ended(own.client("kept"), name)
    own.stop()
    from azureml_local.arm.store import Store

    store = Store(own.home.database)
    store.write("run", "somewhere/half", {"tags": {}, "display_name": "half"})
    store.close()
    own.start()
    with own.addressed():
        assert own.client("kept").jobs.get(name).status == "Completed"
        own.client("kept").jobs.create_or_update(job("true"))
    assert "somewhere/half cannot be read" in (own.home.logs / "server.log").read_text()


def test_an_operation_whose_server_was_killed_ends(own: Emulator, tmp_path):
    """Its poller waited for ever: the deployment was there, and its operation was `Updating`."""
    gate = tmp_path / "open"
    waits = SCORE.replace("print(", f"\n    while not os.path.exists({str(gate)!r}): time.sleep(0.05)\n    print(")
    with own.addressed():
        served = Serving.empty(own, tmp_path / "score")
        poller = served.begin("slow", waits)
        address = poller.polling_method()._operation.get_polling_url()
        path = address.partition(own.base)[2]
        state = wait_for(lambda: send(own, "GET", path).json(), "the operation")
        assert state["status"] == "Updating"
        workspace = served.client.workspace_name
        own.kill()
    gate.touch()
    own.start()
    with own.addressed():
        state = operation_ended(own, path)
        assert state["status"] == "Succeeded"
        assert (
            own.client(workspace).online_deployments.get("slow", served.endpoint).provisioning_state == "Succeeded"
        )


def test_a_cancellation_that_was_acknowledged_goes_on_after_a_kill(own: Emulator, tmp_path):
    """The wish was in the memory of the server that took it, and went with it."""
    started, second = tmp_path / "started", tmp_path / "second"

    def graph():
        first = job(f"trap '' TERM; touch {started}; sleep 8", outputs=named("uri_folder", ""))()
        later = job(f"touch {second}; ls ${{{{inputs.data}}}}", inputs={"data": folder()})
        last = later(data=first.outputs.out)  # noqa: F841

    with own.addressed():
        name = own.client("kept").jobs.create_or_update(pipeline(graph)).name
        wait_for(started.exists, "the step")
        assert send(own, "POST", f"{WORKSPACES}/kept/jobs/{name}/cancel").status_code == 202
        own.kill()
    own.start()
    with own.addressed():
        assert ended(own.client("kept"), name).status == "Canceled"
    assert not second.exists()


def test_a_workspace_with_jobs_that_wait_stays(own: Emulator, tmp_path):
    """One that is queued or only about to begin kept nobody from deleting its workspace under it."""
    go = tmp_path / "go"
    with own.addressed():
        busy, other = own.client("busy"), own.client("waiting")
        for _ in range(20):  # more than there are places on this machine
            busy.jobs.create_or_update(job(f"until [ -e {go} ]; do sleep 0.05; done"))
        name = other.jobs.create_or_update(job("true")).name
        wait_for(lambda: other.jobs.get(name).status == "Queued", "the queue")
        answer = send(own, "DELETE", f"{WORKSPACES}/waiting")
        state = operation_ended(own, answer.headers["azure-asyncoperation"].partition(own.base)[2])
        assert state["status"] == "Failed"
        assert "1 jobs that have not ended" in state["error"]["message"]
        go.touch()
        assert ended(other, name).status == "Completed"


def named(kind: str, asset: str, version: str = ""):
    from azure.ai.ml import Output

    return {"out": Output(type=kind, name=asset or None, version=version or None)}


def folder():
    from azure.ai.ml import Input

    return Input(type="uri_folder")


MLMODEL = "flavors:\n  python_function:\n    loader_module: x\n"


def test_a_named_output_is_an_asset_like_any_other(ml_client):
    """Registered past its type it had no flavours and no state."""
    asset = fresh("m")
    command = f"printf '{MLMODEL}' > ${{{{outputs.out}}}}/MLmodel".replace("\n", "\\n")

    def graph():
        node = job(command, outputs=named("mlflow_model", asset))()  # noqa: F841

    name = ml_client.jobs.create_or_update(pipeline(graph)).name
    assert ended(ml_client, name).status == "Completed"
    model = ml_client.models.get(asset, "1")
    assert model.flavors == {"python_function": {"loader_module": "x"}}
    assert model.job_name
    assert ml_client.models.list(name=asset).next().version == "1"


def test_a_named_output_overwrites_nothing(ml_client):
    asset = fresh("d")

    def graph(text):
        node = job(f"echo {text} > ${{{{outputs.out}}}}/x", outputs=named("uri_folder", asset, "1"))()  # noqa: F841

    first = ml_client.jobs.create_or_update(pipeline(lambda: graph("one"))).name
    assert ended(ml_client, first).status == "Completed"
    path = ml_client.data.get(asset, "1").path
    second = ml_client.jobs.create_or_update(pipeline(lambda: graph("two"))).name
    assert ended(ml_client, second).status == "Failed"
    assert "already exists" in error_of(ml_client, second)
    assert ml_client.data.get(asset, "1").path == path


def test_a_named_output_needs_a_version_that_its_type_takes(ml_client):
    def graph():
        node = job("touch ${{outputs.out}}/x", outputs=named("custom_model", fresh("m"), "one"))()  # noqa: F841

    name = ml_client.jobs.create_or_update(pipeline(graph)).name
    assert ended(ml_client, name).status == "Failed"
    assert "positive integer" in error_of(ml_client, name)


def test_a_datastore_gives_its_secrets_after_its_id_was_in_a_refusal(local: Emulator):
    """Ids are shared by all requests and keep their text once it was asked for: a copy did not bear that."""
    arm = Arm(local)
    workspace, identity, other = arm.made(ML, fresh("mlw"))["id"], arm.identity(), arm.identity()
    assert arm.grant(identity, arm.role("Microsoft.MachineLearningServices/*"), arm.group).status_code == 201
    path = f"{workspace}/datastores/workspaceblobstore/listSecrets"
    refused = arm.acting(identity).put(path, {"identity": {"userAssignedIdentities": {other["id"]: {}}}})
    assert refused.json()["error"]["code"] == "LinkedAuthorizationFailed"
    assert path in refused.text
    answer = arm.send("POST", path, params=VERSION)
    assert answer.status_code == 200
    assert answer.json()["sasToken"].startswith("?sv=")
