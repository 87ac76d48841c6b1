"""The folder that holds everything: whose it is, and what is removed from it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from azureml_local.machine.errors import LocalError
from azureml_local.machine.home import MARKER, Home
from azureml_local.server import control
from tests.emulator import variables

SERVER = {"pid": 1, "port": 1, "base": "https://localhost:1", "allowed": [], "started": "2026-01-01"}


def everything(folder: Path) -> dict[str, str | None]:
    """Every path below a folder and the text of each file."""
    return {
        p.relative_to(folder).as_posix(): p.read_text() if p.is_file() else None for p in sorted(folder.rglob("*"))
    }


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder of somebody, open to its group, with names in it that a home has too."""
    folder = tmp_path / "documents"
    for name in ("thesis.txt", ".git/HEAD", "logs/diary.txt", "blobs/photo.txt", "secrets/letter.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    folder.chmod(0o755)
    return folder


def test_a_folder_of_somebody_is_refused_and_left_as_it_is(documents: Path) -> None:
    before = everything(documents)
    with pytest.raises(LocalError, match=str(documents)) as refused:
        Home.at(documents)
    assert "AZUREML_LOCAL_HOME" in refused.value.hint
    assert everything(documents) == before
    assert stat.S_IMODE(documents.stat().st_mode) == 0o755


def test_the_command_line_says_so_in_a_sentence(documents: Path) -> None:
    from mlops.cli.main import app

    before = everything(documents)
    with variables(AZUREML_LOCAL_HOME=str(documents)):
        for command in (["local", "reset", "--yes"], ["local", "status"]):
            ended = CliRunner().invoke(app, command)
            assert ended.exit_code != 0
            assert isinstance(ended.exception, SystemExit) or str(documents) in str(ended.exception)
    assert everything(documents) == before


@pytest.mark.parametrize("made", [True, False], ids=["a folder that is there", "a new folder"])
def test_an_empty_folder_becomes_a_home_of_its_owner(tmp_path: Path, *, made: bool) -> None:
    folder = tmp_path / "deep" / "home"
    if made:
        folder.mkdir(parents=True, mode=0o755)
    home = Home.at(folder)
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert (home.root / MARKER).read_text() == "1\n"
    assert Home.at(folder) == home


def _with_database(folder: Path) -> None:
    folder.mkdir()
    (folder / "state.db").touch()


def _never_started(folder: Path) -> None:
    for name in ("blobs", "cr/j", "deployments", "logs", "environments"):
        (folder / name).mkdir(parents=True)


def _after_a_reset(folder: Path) -> None:
    (folder / "environments" / "built").mkdir(parents=True)


@pytest.mark.parametrize("earlier", [_with_database, _never_started, _after_a_reset])
def test_a_home_of_an_earlier_version_is_taken(tmp_path: Path, earlier: Callable[[Path], None]) -> None:
    folder = tmp_path / "home"
    earlier(folder)
    before = everything(folder)
    assert (Home.at(folder).root / MARKER).is_file()
    assert everything(folder).items() >= before.items()


def test_a_home_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("2\n")
    with pytest.raises(LocalError, match="format 2"):
        Home.at(tmp_path)


def test_several_processes_may_make_it_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            homes = list(pool.map(Home.at, [tmp_path / str(number)] * 8))
            secrets = set(pool.map(lambda home: home.secret("signing"), homes))
            assert len(secrets) == 1
            assert os.listdir(homes[0].root / "secrets") == ["signing"]  # noqa: PTH208 - with the hidden ones


def test_a_reset_removes_what_was_made_and_nothing_else(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.secret("signing")
    for name in ("blobs/a/c/x.bin", "blocks/b", "state.db", "state.db-wal", "tracking/w/mlflow.db", "cr/j/1/x"):
        (home.root / name).parent.mkdir(parents=True, exist_ok=True)
        (home.root / name).touch()
    (home.root / ".server.json.123").touch()
    (home.root / "environments" / "built").mkdir()
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (home.root / "federated").symlink_to(outside)
    (home.root / "thesis.txt").write_text("mine")
    assert control.reset(home) == ["thesis.txt"]
    assert everything(home.root) == {
        MARKER: "1\n",
        "environments": None,
        "environments/built": None,
        "thesis.txt": "mine",
    }
    assert everything(outside) == {"kept": "kept"}
    assert control.reset(home, built=True) == ["thesis.txt"]
    assert everything(home.root) == {MARKER: "1\n", "thesis.txt": "mine"}
    (home.root / "thesis.txt").unlink()
    assert control.reset(home, built=True) == []
    assert not home.root.exists()


@pytest.mark.parametrize("place", ["file", "file/below", "loop", "/proc/x", "/dev/null/x", "/proc/1/x"])
def test_a_place_that_can_be_no_folder_is_refused_in_a_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(LocalError, match="cannot keep its state"):
        Home.at(tmp_path / place)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"null",
        b"{}",
        json.dumps({**SERVER, "pid": "1"}).encode(),
        json.dumps({**SERVER, "base": None}).encode(),
        json.dumps({k: v for k, v in SERVER.items() if k != "allowed"}).encode(),
    ],
)
def test_a_server_file_of_another_form_counts_as_none(tmp_path: Path, content: bytes) -> None:
    home = Home.at(tmp_path)
    home.server_file.write_bytes(content)
    assert home.server() is None
    assert control.status(home) is None
    assert control.stop(home) is False


def test_a_server_file_of_ours_is_read(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.server_file.write_text(json.dumps(SERVER))
    assert home.server() == SERVER


def test_an_empty_secret_signs_nothing(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    assert len(home.secret("signing")) >= 32
    (home.root / "secrets" / "signing").write_text("")
    with pytest.raises(LocalError, match="signing is empty"):
        home.secret("signing")
    with pytest.raises(LocalError, match=r"did not start: .*signing is empty"):
        control.start(home, port=0)
