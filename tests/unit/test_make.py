"""What `make` does to files that are not its own: nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of git with nothing in it, where `make` is called."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(target: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "-f", str(REPOSITORY / "Makefile"), target]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_hooks_installs_the_checks_and_may_be_called_again(folder: Path) -> None:
    for _ in range(2):
        assert make("hooks").returncode == 0
    hook = folder / ".git" / "hooks" / "pre-commit"
    assert os.access(hook, os.X_OK)
    (folder / "Makefile").write_text("check:\n\t@echo checked >&2; exit 7\n")
    refused = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "-m", "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "checked" in refused.stderr


def test_hooks_keeps_a_hook_of_a_persons_own(folder: Path) -> None:
    own = folder / ".git" / "hooks" / "pre-commit"
    own.parent.mkdir(exist_ok=True)
    own.write_text("#!/bin/sh\necho mine\n")
    refused = make("hooks")
    assert refused.returncode == 2
    assert "let it run 'make check'" in refused.stderr
    assert own.read_text() == "#!/bin/sh\necho mine\n"


def test_clean_removes_what_it_made_and_nothing_else(folder: Path) -> None:
    """Also where someone keeps things of theirs under a name that we use; the state is for `mlops` to forget."""
    program, called = folder / ".venv" / "bin" / "mlops", folder / "called"
    kept = [folder / ".uv" / "notes.txt", folder / ".azureml-local" / "mine.txt", called]
    for file in (
        program,
        *kept,
        *(folder / name / "pyvenv.cfg" for name in (".venv", ".checkov", ".notebook", ".spark")),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    program.write_text(f'#!/bin/sh\necho "$@" > {called}\n')
    program.chmod(0o755)
    assert make("clean").returncode == 0
    assert called.read_text() == "local reset --yes --environments\n"
    left = {path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert left == set(kept)


def test_clean_removes_nothing_where_the_state_is_not_ours(folder: Path) -> None:
    """Where `mlops` refuses, because the folder of its state is somebody's, nothing goes."""
    program = folder / ".venv" / "bin" / "mlops"
    program.parent.mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").touch()
    program.write_text("#!/bin/sh\nexit 2\n")
    program.chmod(0o755)
    assert make("clean").returncode == 2
    assert program.exists()
