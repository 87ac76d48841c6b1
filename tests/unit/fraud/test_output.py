"""Outputs of steps appear whole or not at all."""

from pathlib import Path

import pytest

from fraud.output import written_whole


def contents(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_entries_replace_their_namesakes_and_leave_the_others(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "old").write_text("old")
    (tmp_path / "other").write_text("kept")
    with written_whole(tmp_path) as folder:
        (folder / "data").mkdir()
        (folder / "data" / "new").write_text("new")
        assert "data/new" not in contents(tmp_path)
    assert contents(tmp_path) == {"data/new": "new", "other": "kept"}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "other"]


def test_after_an_error_a_folder_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")

    def stopped(target: Path) -> None:
        with written_whole(target) as folder:
            (folder / "file").write_text("half")
            raise KeyboardInterrupt

    for target in (tmp_path, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            stopped(target)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"
