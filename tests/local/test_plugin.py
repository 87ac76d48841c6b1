"""The pytest plugin, as a fork's own tests use it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.emulator import ENVIRONMENTS

FIVE_LINES = """
def test_one(ml_client, local_workspace):
    store = ml_client.datastores.get_default()
    assert store.name == "workspaceblobstore"
    assert ml_client.workspace_name == local_workspace.name
    assert list(ml_client.data.list()) == []
"""
SEVERAL = """
import os
import sys

seen = []

def test_nothing_heavy_is_imported_before_it_is_asked_for():
    heavy = {"azure.ai.ml", "azure.identity", "azureml_local.server.serve", "uvicorn"}
    assert not heavy & sys.modules.keys()

def test_first(local_workspace):
    seen.append((local_workspace.name, os.environ["ARM_CLOUD_METADATA_URL"]))

def test_second(local_workspace):
    seen.append((local_workspace.name, os.environ["ARM_CLOUD_METADATA_URL"]))

def test_they_share_a_server_and_have_a_workspace_each():
    (first, there), (second, here) = seen
    assert first != second
    assert there == here
    assert "ARM_CLOUD_METADATA_URL" not in os.environ

def test_rules(local_server):
    from azureml_local.server import control

    assert control.status(local_server.home)["allowed"] == ["oidc", "reuse"]
"""


@pytest.fixture
def fork(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project that has nothing but a test, in an environment that points nowhere."""
    monkeypatch.delenv("ARM_CLOUD_METADATA_URL", raising=False)
    pytester.makeini(f"[pytest]\naddopts = -p no:cacheprovider\nazureml_local_environments = {ENVIRONMENTS}\n")
    return pytester


def left(folder: Path) -> dict[int, str]:
    """The processes that know a folder, by number."""
    command = ["ps", "axeww", "-o", "pid=,stat=,command="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split(maxsplit=2) for line in listed.splitlines())
    return {int(pid): said for pid, state, said in rows if str(folder) in said and not state.startswith("Z")}


def test_a_test_of_five_lines_passes_and_leaves_nothing(fork: pytest.Pytester) -> None:
    fork.makepyfile(FIVE_LINES)
    home = fork.path / "temporary"
    fork.runpytest_subprocess(f"--basetemp={home}").assert_outcomes(passed=1)
    assert left(home) == {}
    assert list(home.glob("azureml-local*")) == []


def test_several_tests_and_all_options(fork: pytest.Pytester) -> None:
    """What is kept is kept where it was said, and the rules that were named are off."""
    fork.makepyfile(SEVERAL)
    allowed = ("--azureml-local-allow=reuse", "--azureml-local-allow=oidc")
    fork.runpytest_subprocess("--azureml-local-home=kept", *allowed).assert_outcomes(passed=5)
    assert (fork.path / "kept" / os.environ.get("PYTEST_XDIST_WORKER", "") / "state.db").exists()
    assert left(fork.path / "kept") == {}


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ('(home.logs / "server.log").write_text("Traceback (most recent call last):")', "an error of its own"),
        ('subprocess.Popen(["sleep", "4567"], env={"A": str(home.root)})', "left processes behind"),
    ],
)
def test_what_a_server_leaves_behind_is_an_error(fork: pytest.Pytester, harm: str, says: str) -> None:
    fork.makepyfile(
        f"""
        import subprocess

        def test_harm(local_server):
            home = local_server.home
            {harm}
        """
    )
    ended = fork.runpytest_subprocess(f"--basetemp={fork.path / 'temporary'}")
    for pid, said in left(fork.path / "temporary").items():
        assert said.startswith("sleep 4567")
        os.kill(pid, signal.SIGKILL)
    ended.assert_outcomes(passed=1, errors=1)
    ended.stdout.fnmatch_lines([f"*the local Azure ML *{says}*"])
