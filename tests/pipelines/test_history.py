"""Two versions that differ in data, a parameter, a feature and code: why; and the older one had again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Commands
from tests.project import Project, copied
from tests.small import small

FEATURE = "TERMINAL_ID_RISK_7DAY_WINDOW"
OWN = {
    '"mlw-fraud-local"': '"mlw-history"',
    '"fraud-local"': '"history-local"',
    "[training.settings]": "[training.parameters.logistic_regression]\nC = 1.0\n\n[training.settings]",
}


@dataclass(frozen=True)
class History:
    """A project in a git repository with two versions, each of a commit of its own."""

    project: Project
    commits: tuple[str, str]

    @property
    def root(self) -> Path:
        return self.project.root


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com")
    return subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def committed(folder: Path, message: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def edit(file: Path, **replaced: str) -> None:
    text = file.read_text()
    for before, after in replaced.items():
        assert before in text, before
        text = text.replace(before, after, 1)
    file.write_text(text)


@pytest.fixture(scope="module")
def history(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Version 1; then other data, a parameter, a feature left out and a line of code: version 2."""
    root = copied(tmp_path_factory.mktemp("history"))
    config = root / "mlops.toml"
    config.write_text(small(**OWN))
    git(root, "init", "--quiet")
    (root / ".git" / "info" / "exclude").write_text("landed/\n")
    own = Project(tmp_path_factory.mktemp("home"), commands, root)
    first = committed(root, "First")
    own.json("data", "generate", "landed/first")
    own.json("data", "publish", "landed/first", "--as-of", "last")
    assert own.json("train")["registration"]["version"] == 1
    edit(config, **{"customers = 300": "customers = 400", "C = 1.0": "C = 0.01"})
    with (root / "src" / "fraud" / "training" / "estimators.py").open("a") as code:
        code.write("# the second version\n")
    second = committed(root, "A parameter, and a line of code")
    own.json("data", "generate", "landed/second")
    own.json("data", "publish", "landed/second", "--as-of", "last")
    assert own.json("train", "--set", f"without={FEATURE}")["registration"]["version"] == 2
    yield History(own, (first, second))
    own.end()


@pytest.fixture(scope="module")
def compared(history: History) -> dict[str, Any]:
    """What `mlops compare 1 2` finds."""
    document: dict[str, Any] = history.project.json("compare", "1", "2")
    return document


def test_a_clean_commit_is_remembered_as_one(history: History) -> None:
    for version, commit in enumerate(history.commits, start=1):
        code = history.project.json("lineage", str(version))["lineage"]["provenance"]["code"]
        assert (code["commit"], code["dirty"], code["changed"]) == (commit, False, [])


def test_everything_that_changed_is_named(compared: dict[str, Any], history: History) -> None:
    changed = compared["changed"]
    assert changed["data"]["asset"] == ["transactions:1", "transactions:2"]
    assert changed["data"]["rows"][0] != changed["data"]["rows"][1]
    assert changed["parameters"] == {"C": [1.0, 0.01]}
    assert changed["features"] == {"added": [], "removed": [FEATURE]}
    assert changed["code"]["between"] == list(history.commits)
    assert [line.partition(" ")[2] for line in changed["code"]["commits"]] == ["A parameter, and a line of code"]
    assert "estimators.py" in changed["code"]["files"][0]
    assert changed["environment"] == {}


def test_each_change_has_its_share_of_the_difference(compared: dict[str, Any]) -> None:
    shares = {each["factor"]: each["share"] for each in compared["shares"]}
    assert set(shares) == {"data", "parameters", "features", "code and environment", "together"}
    (primary,) = (each for each in compared["metrics"] if each["metric"] == compared["primary"])
    assert sum(shares.values()) == pytest.approx(primary["difference"])
    assert shares["code and environment"] == 0, "a comment explains nothing"
    assert shares["data"] != 0
    assert shares["parameters"] != 0


def test_the_difference_has_intervals_and_slices(compared: dict[str, Any]) -> None:
    for metric in compared["metrics"]:
        low, high = metric["interval"]
        assert low <= metric["difference"] <= high
        assert metric["difference"] == pytest.approx(metric["newer"] - metric["older"])
    assert {each["better"] for each in compared["slices"]} <= {"newer", "older", "undecided", "not assessed"}


def test_it_is_read_in_a_terminal(history: History, compared: dict[str, Any]) -> None:
    del compared  # the same run again: every step of it is reused
    ended = history.project.mlops("compare", "1", "2", COLUMNS="80")
    assert ended.returncode == 0, ended.stderr
    assert [line for line in ended.stdout.splitlines() if len(line) > 80] == []
    assert "train_data: reused" in ended.stderr
    for said in ("fraud:2 against fraud:1", "parameter C: 1.0 → 0.01", f"features removed: {FEATURE}"):
        assert said in ended.stdout


def test_a_version_of_a_commit_ago_is_made_again(history: History) -> None:
    document = history.project.json("reproduce", "1")
    assert (document["verdict"], document["first"], document["notes"]) == ("identical", None, [])
    assert [step["step"] for step in document["steps"]] == ["prepare", "train_logistic_regression", "evaluate"]
    assert {step["outcome"] for step in document["steps"]} == {"identical"}
    assert document["machine"] == {"known": True, "same": True, "differs": []}
    assert git(history.root, "worktree", "list").count("\n") == 0
    assert [each["version"] for each in history.project.json("status")["versions"]] == [1, 2]


def test_a_commit_that_is_gone_is_named(history: History, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "mlops.toml").write_text((history.root / "mlops.toml").read_text())
    committed(tmp_path, "Another repository")
    ended = Project(history.project.home, history.project.commands, tmp_path).mlops("reproduce", "1")
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"error: the commit {history.commits[0]} is not in this repository",
        "hint: fetch it: git fetch origin",
    ]
