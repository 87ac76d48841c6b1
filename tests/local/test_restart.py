"""A server that is killed, stopped, started again: nothing is lost, nothing runs twice, nothing stays behind."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator

import pytest

from azureml_local.machine.errors import LocalError
from azureml_local.machine.home import MARKER
from azureml_local.server import control
from tests.emulator import SUBSCRIPTION, Emulator, ended, wait_for

from .serving import Serving
from .steps import children, job, logs, pipeline


@pytest.fixture
def own(tmp_path) -> Iterator[Emulator]:
    """An emulator of this test alone."""
    with Emulator.at(tmp_path / "home").running() as emulator:
        yield emulator
    shutil.rmtree(emulator.home.root)


def folder_output():
    from azure.ai.ml import Output

    return {"out": Output(type="uri_folder")}


def test_a_pipeline_goes_on_after_the_server_was_killed(own: Emulator, tmp_path):
    from azure.ai.ml import Input
    from azure.ai.ml.entities import Data

    runs, go = tmp_path / "runs", tmp_path / "go"
    source = {"data": Input(type="uri_folder")}

    def graph():
        first = job(f"echo first >> {runs}; echo 1 > ${{{{outputs.out}}}}/x", outputs=folder_output())()
        wait = f"echo second >> {runs}; until [ -e {go} ]; do sleep 0.05; done; "
        wait += "cp ${{inputs.data}}/x ${{outputs.out}}/x"
        second = job(wait, inputs=source, outputs=folder_output())(data=first.outputs.out)
        third = job(f"echo third >> {runs}; cat ${{{{inputs.data}}}}/x", inputs=source)
        last = third(data=second.outputs.out)  # noqa: F841

    (tmp_path / "file.txt").write_text("kept")
    with own.addressed():
        client = own.client("kept")
        client.data.create_or_update(Data(name="d", version="1", type="uri_file", path=str(tmp_path / "file.txt")))
        name = client.jobs.create_or_update(pipeline(graph)).name
        wait_for(lambda: runs.exists() and "second" in runs.read_text(), "the second step")
        before = own.base
        own.kill()
    own.start()
    assert own.base != before
    go.touch()
    with own.addressed():
        client = own.client("kept")
        assert ended(client, name).status == "Completed"
        assert runs.read_text().split() == ["first", "second", "third"]
        assert {c.display_name: c.status for c in children(client, name)} == dict.fromkeys(
            ("first", "second", "last"), "Completed"
        )
        (last,) = (c for c in children(client, name) if c.display_name == "last")
        assert logs(client, last.name) == "1\n"
        assert client.data.get("d", "1").path.endswith("file.txt")


def test_a_step_that_ended_meanwhile_is_taken_as_it_ended(own: Emulator, tmp_path):
    started, go, done = (tmp_path / word for word in ("started", "go", "done"))
    command = f"touch {started}; until [ -e {go} ]; do sleep 0.05; done; echo written; touch {done}; exit 5"
    with own.addressed():
        name = own.client("kept").jobs.create_or_update(job(command)).name
        wait_for(started.exists, "the step")
        own.kill()
    go.touch()
    wait_for(done.exists, "the step's end without a server")
    own.start()
    with own.addressed():
        client = own.client("kept")
        assert ended(client, name).status == "Failed"
        assert logs(client, name) == "written\n"


def test_a_cancelled_job_after_a_restart_ends_its_processes(own: Emulator, tmp_path):
    started = tmp_path / "started"
    with own.addressed():
        name = own.client("kept").jobs.create_or_update(job(f"touch {started}; sleep 7890")).name
        wait_for(started.exists, "the step")
        own.kill()
    own.start()
    with own.addressed():
        client = own.client("kept")
        client.jobs.begin_cancel(name).result()
        assert client.jobs.get(name).status == "Canceled"
    assert not [line for line in own.processes() if "sleep 7890" in line]


def test_a_deployment_serves_again_after_the_server_was_killed(own: Emulator, tmp_path):
    with own.addressed():
        served = Serving.create(own, tmp_path / "score")
        key = served.client.online_endpoints.get_keys(served.endpoint).primary_key
        workspace = served.client.workspace_name
        assert served.score({"x": 2}, key=key).json()["twice"] == 4
        own.kill()
    own.start()
    with own.addressed():
        served.client = own.client(workspace)

        def answers():
            answer = served.score({"x": 3}, key=key)
            return answer if answer.status_code == 200 else None

        assert wait_for(answers, "the deployment to serve again").json()["twice"] == 6
        assert served.get().traffic == {"blue": 100}


def test_a_stop_in_the_middle_of_a_job_ends_its_processes(own: Emulator, tmp_path):
    started = tmp_path / "started"
    with own.addressed():
        name = own.client("kept").jobs.create_or_update(job(f"touch {started}; sleep 8901")).name
        wait_for(started.exists, "the step")
    assert control.stop(own.home) is True
    assert own.processes() == []
    assert control.status(own.home) is None
    assert control.stop(own.home) is False
    own.start()
    with own.addressed():
        assert own.client("kept").jobs.get(name).status == "Canceled"


def test_a_port_that_is_taken_gives_one_clear_line(tmp_path):
    emulator = Emulator.at(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"^port {port} of 127.0.0.1 is taken") as refused:
            control.start(emulator.home, port=port)
    assert "--port" in refused.value.hint
    assert "\n" not in str(refused.value)
    assert emulator.processes() == []


def test_an_unknown_rule_stops_the_start(tmp_path):
    emulator = Emulator.at(tmp_path / "home", "no-such-rule")
    with pytest.raises(LocalError, match="there is no parity rule 'no-such-rule'"):
        emulator.start()


def test_starting_what_runs_changes_nothing_and_other_rules_are_refused(local: Emulator):
    before = local.server
    assert control.start(local.home) == before
    with pytest.raises(LocalError, match="runs already, with other rules"):
        control.start(local.home, allow=("reuse",))


def test_variables_of_a_server_that_does_not_run(tmp_path):
    with pytest.raises(LocalError, match="does not run"):
        control.variables(Emulator.at(tmp_path / "home").home)


def test_reset_removes_all_but_the_built_environments(own: Emulator):
    with own.addressed():
        own.client("gone").jobs.create_or_update(job("sleep 9012"))
    built = own.home.root / "environments" / "built"
    built.mkdir()
    control.reset(own.home)
    assert {path.name for path in own.home.root.iterdir()} == {"environments", MARKER}
    assert built.is_dir()
    assert own.processes() == []


def test_no_proxy_keeps_what_was_there(local: Emulator, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.org,localhost")
    found = control.variables(local.home)
    assert found["NO_PROXY"] == found["no_proxy"] == "example.org,localhost,127.0.0.1"
    assert SUBSCRIPTION not in "".join(found.values())
