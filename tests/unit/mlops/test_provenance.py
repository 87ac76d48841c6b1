"""What git knows of a folder, and when that is not enough to register."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.provenance import code_of, lock_of, refuse_dirty, without_secret


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("made/\n")
    (tmp_path / "code.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "First")
    return tmp_path


def test_a_clean_commit_says_all(repository: Path) -> None:
    (repository / "made").mkdir()
    (repository / "made" / "ignored.txt").write_text("what git ignores is no part of the code")
    code = code_of(repository)
    assert code.commit == git(repository, "rev-parse", "HEAD")
    assert (code.branch, code.changed, code.dirty, code.problem) == ("main", (), False, "")
    refuse_dirty(code, "mlw")


def test_what_differs_is_named_and_refused(repository: Path) -> None:
    (repository / "code.py").write_text("x = 2\n")
    (repository / "a new file.py").write_text("")
    git(repository, "mv", ".gitignore", "ignored")
    code = code_of(repository)
    assert code.changed == (".gitignore", "a new file.py", "code.py", "ignored")
    assert code.document()["changes"] == 4
    with pytest.raises(BadInput) as refused:
        refuse_dirty(code, "mlw-fraud-dev")
    assert str(refused.value) == (
        f"what differs from the commit {code.commit[:10]}: .gitignore, a new file.py, code.py and 1 more; "
        "a version that is registered in mlw-fraud-dev names its commit"
    )
    assert "--allow-dirty" in refused.value.hint


def test_two_states_of_one_commit_are_told_apart(repository: Path) -> None:
    (repository / "code.py").write_text("x = 2\n")
    first = code_of(repository)
    (repository / "code.py").write_text("x = 3\n")
    second = code_of(repository)
    assert first.commit == second.commit
    assert first.changed == second.changed
    assert first.diff_sha256 != second.diff_sha256


def test_a_folder_without_a_repository_has_no_commit(tmp_path: Path) -> None:
    code = code_of(tmp_path)
    assert (code.commit, code.dirty, code.document()["commit"]) == ("", True, None)
    with pytest.raises(BadInput, match="is in no git repository with a commit"):
        refuse_dirty(code, "mlw")


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert code_of(tmp_path).commit == ""


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://someone:secret@example.com/a/b.git", "https://example.com/a/b.git"),
        ("https://example.com/a/b.git", "https://example.com/a/b.git"),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
        ("", ""),
    ],
)
def test_the_address_of_a_repository_holds_no_secret(url: str, kept: str) -> None:
    assert without_secret(url) == kept


def test_a_lock_names_what_it_pins(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "requirements.txt").write_text(
        "azure-ai-ml==1.35.2 \\\n    --hash=sha256:00\nuvicorn[standard]==0.30 ; os_name == 'nt'\n# numpy==1\n"
    )
    assert lock_of(tmp_path)["packages"] == {"azure-ai-ml": "1.35.2", "uvicorn[standard]": "0.30"}
