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


def test_clean_removes_environments_and_nothing_else(folder: Path) -> None:
    """Also where someone keeps things of theirs under a name that we use."""
    built = folder / ".azureml-local" / "environments"
    for made in (folder / ".venv", folder / ".checkov", built / "0123"):
        made.mkdir(parents=True)
        (made / "pyvenv.cfg").touch()
    kept = [folder / ".uv" / "notes.txt", folder / ".azureml-local" / "mine.txt", built / "data" / "rows.csv"]
    for file in kept:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    (built / "0123.lock").touch()
    assert make("clean").returncode == 0
    left = {path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert left == set(kept)
    assert not (folder / ".venv").exists()


def test_clean_leaves_no_empty_folder(folder: Path) -> None:
    (folder / ".azureml-local" / "environments").mkdir(parents=True)
    assert make("clean").returncode == 0
    assert [path.name for path in folder.iterdir()] == [".git"]
