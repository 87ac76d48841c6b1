"""What a workflow keeps of a run: its documents in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.project import Project


def test_the_documents_of_a_run_are_written_to_a_folder(
    project: Project, told: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "report"
    project.json("report", told["job"], "--folder", str(folder))
    assert {file.name for file in folder.iterdir()} == {
        "run.json",
        "evaluation.json",
        "gate.json",
        "gate.xml",
        "report.html",
    }
    run = json.loads((folder / "run.json").read_text())
    assert (run["schema"], run["target"], run["job"], run["status"]) == (
        "run/1",
        "local",
        told["job"],
        "Completed",
    )
    assert run["link"].startswith("https://localhost:")
    assert json.loads((folder / "gate.json").read_text()) == told["verdict"]
    steps = {step["step"]: step for step in run["steps"]}
    assert {"prepare", "evaluate", "gate"} <= set(steps)
    assert all(step["seconds"] == 0 for step in run["steps"] if step["reused"])


def test_a_run_that_is_not_there_leaves_no_folder(project: Project, told: dict[str, Any], tmp_path: Path) -> None:
    ended = project.mlops("report", "no-such-run", "--folder", str(tmp_path / "report"))
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, "error: there is no job no-such-run")
    assert not (tmp_path / "report").exists()


def test_a_run_that_has_ended_stays_as_it_ended(project: Project, told: dict[str, Any]) -> None:
    assert project.json("cancel", told["job"]) == {"job": told["job"], "status": "Completed"}
    assert project.json("cancel", "no-such-run") == {"job": "no-such-run", "status": ""}
