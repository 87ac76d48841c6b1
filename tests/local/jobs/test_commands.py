"""Command jobs: what a step is given, how it may end, and that nothing of it stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator import CANARY, Emulator, ended, wait_for
from tests.local.steps import error_of, job, logs, python


def run(client, command, **options):
    submitted = client.jobs.create_or_update(job(command, **options))
    return ended(client, submitted.name)


def test_inputs_and_outputs_reach_the_step(ml_client, tmp_path):
    from azure.ai.ml import Input, Output

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("in the folder")
    (tmp_path / "one.txt").write_text("one file")
    source = """
import sys, pathlib
folder, file, number, out, out_file = sys.argv[1:]
text = ' / '.join([(pathlib.Path(folder) / 'a.txt').read_text(), pathlib.Path(file).read_text(), number])
(pathlib.Path(out) / 'result.txt').write_text(text)
pathlib.Path(out_file).write_text(text.upper())
"""
    command = python(
        source,
        "${{inputs.folder}}",
        "${{inputs.file}}",
        "${{inputs.number}}",
        "${{outputs.out}}",
        "${{outputs.out_file}}",
    )
    done = run(
        ml_client,
        command,
        inputs={
            "folder": Input(type="uri_folder", path=str(tmp_path / "folder")),
            "file": Input(type="uri_file", path=str(tmp_path / "one.txt")),
            "number": 0.5,
        },
        outputs={"out": Output(type="uri_folder"), "out_file": Output(type="uri_file")},
    )
    assert done.status == "Completed", logs(ml_client, done.name)
    ml_client.jobs.download(done.name, output_name="out", download_path=tmp_path / "got")
    ml_client.jobs.download(done.name, output_name="out_file", download_path=tmp_path / "got")
    said = "in the folder / one file / 0.5"
    assert (tmp_path / "got/named-outputs/out/result.txt").read_text() == said
    (written,) = (f for f in (tmp_path / "got/named-outputs/out_file").rglob("*") if f.is_file())
    assert written.read_text() == said.upper()


def test_code_is_the_working_folder(ml_client, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("WORD = 'from the snapshot'")
    (tmp_path / "main.py").write_text("import package; print(package.WORD)")
    done = run(ml_client, "python main.py", code=str(tmp_path))
    assert done.status == "Completed"
    assert "from the snapshot" in logs(ml_client, done.name)


def test_its_own_outputs_folder_is_kept(ml_client, tmp_path):
    done = run(ml_client, "echo kept > outputs/kept.txt")
    ml_client.jobs.download(done.name, download_path=tmp_path)
    assert (tmp_path / "artifacts/outputs/kept.txt").read_text() == "kept\n"
    assert (tmp_path / "artifacts/user_logs/std_log.txt").exists()


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (python("raise ValueError('too cold')"), "Failed", "ValueError: too cold"),
        (python("import sys; sys.exit(7)"), "Failed", "exited with status code 7"),
        ("kill -KILL $$", "Failed", "exited with status code 137"),
        (python("import os; os.kill(os.getpid(), 9)") + "; exit $?", "Failed", "exited with status code 137"),
        (python("import pandas"), "Failed", "ModuleNotFoundError: No module named 'pandas'"),
        ("no-such-program", "Failed", "no-such-program: command not found"),
    ],
)
def test_a_failure_is_told(ml_client, command, status, said):
    done = run(ml_client, command)
    assert done.status == status
    assert said in error_of(ml_client, done.name)


def test_stream_raises_for_a_failed_job(ml_client, capsys):
    from azure.ai.ml.exceptions import JobException

    submitted = ml_client.jobs.create_or_update(job(python("print('so far'); raise KeyError('absent')")))
    with pytest.raises(JobException, match="KeyError: 'absent'"):
        ml_client.jobs.stream(submitted.name)
    assert submitted.name in capsys.readouterr().out


def test_stream_shows_the_log_while_it_runs(ml_client, capsys, tmp_path):
    go = tmp_path / "go"
    source = (
        f"import time, os; print('first line', flush=True)\nwhile not os.path.exists('{go}'): time.sleep(0.05)"
    )
    submitted = ml_client.jobs.create_or_update(job(python(source)))
    wait_for(lambda: "first line" in logs(ml_client, submitted.name), "the first line")
    assert ml_client.jobs.get(submitted.name).status == "Running"
    go.touch()
    ml_client.jobs.stream(submitted.name)
    assert ended(ml_client, submitted.name).status == "Completed"


def test_a_step_that_hangs_is_ended_at_its_limit(ml_client, local: Emulator):
    hanging = job("sleep 1234 & sleep 1234")
    hanging.set_limits(timeout=1)
    done = ended(ml_client, ml_client.jobs.create_or_update(hanging).name)
    assert done.status == "Canceled"
    assert "exceeded its limit of 1 s" in error_of(ml_client, done.name)
    assert not [line for line in local.processes() if "sleep 1234" in line]


def test_cancel_ends_the_whole_process_group(ml_client, local: Emulator):
    stubborn = "trap '' TERM; sleep 4321"
    submitted = ml_client.jobs.create_or_update(job(f"(sleep 4321; echo orphan) & echo started; {stubborn}"))
    wait_for(lambda: "started" in logs(ml_client, submitted.name), "the step's start")
    assert [line for line in local.processes() if "sleep 4321" in line]
    ml_client.jobs.begin_cancel(submitted.name).result()
    assert ml_client.jobs.get(submitted.name).status == "Canceled"
    assert not [line for line in local.processes() if "sleep 4321" in line]


def test_a_background_process_does_not_outlive_its_step(ml_client, local: Emulator):
    done = run(ml_client, "sleep 2345 & echo left one behind")
    assert done.status == "Completed"
    assert not [line for line in local.processes() if "sleep 2345" in line]


def test_a_step_sees_nothing_of_the_servers_environment(ml_client):
    done = run(ml_client, python("import json, os; print(json.dumps(dict(os.environ)))"))
    seen = json.loads(logs(ml_client, done.name))
    assert CANARY not in seen
    assert not [name for name in seen if name.startswith(("PYTEST", "AZUREML_LOCAL"))]
    assert seen["AZUREML_RUN_ID"] == done.name


def test_a_step_sees_only_its_environments_packages(ml_client):
    source = "import importlib.metadata as m; print(sorted(d.name for d in m.distributions()))"
    done = run(ml_client, python(source))
    assert logs(ml_client, done.name).strip() == "[]"


def test_nothing_of_a_step_stays_in_its_folder(ml_client, local: Emulator):
    done = run(ml_client, python("print(__import__('os').getcwd())"))
    assert not Path(logs(ml_client, done.name).strip()).exists()


def test_names_and_tags_can_be_changed(ml_client):
    done = run(ml_client, "true", tags={"a": "1"}, display_name="before")
    done.tags["b"] = "2"
    done.display_name = "after"
    changed = ml_client.jobs.create_or_update(done)
    assert (changed.display_name, changed.tags) == ("after", {"a": "1", "b": "2"})
    assert ml_client.jobs.get(done.name).tags == {"a": "1", "b": "2"}


def test_archived_jobs_leave_the_list(ml_client):
    from azure.ai.ml.constants import ListViewType

    kept, gone = (run(ml_client, f"echo {word}").name for word in ("kept", "gone"))
    ml_client.jobs.archive(gone)
    assert [j.name for j in ml_client.jobs.list()] == [kept]
    assert [j.name for j in ml_client.jobs.list(list_view_type=ListViewType.ARCHIVED_ONLY)] == [gone]
    ml_client.jobs.restore(gone)
    assert {j.name for j in ml_client.jobs.list()} == {kept, gone}


def test_a_name_is_used_once(ml_client):
    done = run(ml_client, "echo once", name="only-once")
    again = ml_client.jobs.create_or_update(job("echo twice", name="only-once"))
    assert again.creation_context.created_at == done.creation_context.created_at
    assert logs(ml_client, "only-once") == "once\n"
