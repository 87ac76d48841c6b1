"""Whether training depends on what changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mlops import config
from mlops.config import Config
from mlops.github import changed
from tests.pipelines.test_snapshots import SNAPSHOTS
from tests.project import REPOSITORY


@pytest.fixture(scope="module")
def settings() -> Config:
    return config.load(REPOSITORY / "mlops.toml")


def test_a_component_depends_on_exactly_what_its_snapshot_holds() -> None:
    """By this project's own reading of the includes; that the SDK's is the same, test_snapshots compares."""
    files = [f"src/{path.relative_to(REPOSITORY / 'src').as_posix()}" for path in REPOSITORY.glob("src/**/*.*")]
    known = {why.removeprefix("the component "): holds for holds, why in changed.components(REPOSITORY)}
    assert known.keys() == SNAPSHOTS.keys()
    for name, holds in known.items():
        held = {file.removeprefix("src/") for file in files if "__pycache__" not in file and holds(file)}
        assert held == SNAPSHOTS[name]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("README.md", None),
        ("docs/gate.md", None),
        ("tests/unit/test_repository.py", None),
        (".github/workflows/train.yml", None),
        ("infra/main.bicep", None),
        ("src/azureml_local/server/app.py", None),
        ("src/fraud/serving/score.py", "the scoring code, pinned with a version"),
        ("environments/serve/requirements.txt", "the environment of the endpoint, pinned with a version"),
        ("environments/train-other/requirements.txt", None),
        ("components.md", None),
        ("src/fraud/training/families.py", "the component train"),
        ("src/fraud/features/features.sql", "the component prepare"),
        ("components/gate/component.yml", "the component gate"),
        ("pipelines/training.py", "the graphs"),
        ("environments/train/Dockerfile", "the environment train"),
        ("environments/train-torch/requirements.txt", "the environment train-torch"),
        ("src/mlops/cli/main.py", "what submits it"),
    ],
)
def test_a_file_is_one_that_training_depends_on_or_not(settings: Config, file: str, why: str | None) -> None:
    found = list(changed.depends(settings, [file], lambda _: ""))
    assert [each.why for each in found] == ([why] if why else [])


@pytest.mark.parametrize(
    ("old", "new", "tables"),
    [
        ("[gate]", "[gate] # a comment", []),
        ("margin = 0.02", "margin = 0.03", ["[gate]"]),
        ("train_days = 60", "train_days = 50", ["[training]"]),
        ("port = 10443", "port = 10444", []),
        ('endpoint = "fraud-prod"', 'endpoint = "other-prod"', []),
    ],
)
def test_of_the_configuration_only_what_training_reads_counts(
    settings: Config, old: str, new: str, tables: list[str]
) -> None:
    text = settings.file.read_text()
    assert old in text
    found = changed.depends(settings, ["mlops.toml"], lambda _: text.replace(old, new, 1))
    assert [each.why for each in found] == tables


def test_an_earlier_configuration_that_is_no_toml_counts_as_changed(settings: Config) -> None:
    found = [each.why for each in changed.depends(settings, ["mlops.toml"], lambda _: "= [")]
    assert "[training]" in found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with a commit on main and a branch that has left it."""
    for name in ("mlops.toml", "components/train/component.yml", "components/train/.amlignore"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "first")
    git(tmp_path, "checkout", "--quiet", "-b", "branch")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(root: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(
        ["git", "-C", str(root), *who, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(root: Path, message: str) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)
    return git(root, "rev-parse", "HEAD")


def test_what_main_did_meanwhile_does_not_count(project: Path) -> None:
    (project / "notes é.md").write_text("x")
    commit(project, "documentation")
    git(project, "checkout", "--quiet", "main")
    toml = project / "mlops.toml"
    toml.write_text(toml.read_text().replace("train_days = 60", "train_days = 50"))
    commit(project, "settings on main")
    git(project, "checkout", "--quiet", "branch")
    assert changed.changed_files(project, "main") == ["notes é.md"]
    assert changed.document(config.load(), "main")["training"] is False
    toml.write_text(toml.read_text().replace("train_days = 60", "train_days = 40"))
    commit(project, "settings here")
    found = changed.document(config.load(), "main")
    assert (found["training"], found["changes"]) == (True, [{"file": "mlops.toml", "why": "[training]"}])


@pytest.mark.parametrize("base", ["0" * 40, "a" * 40, "--output=x", "no-such-branch"])
def test_a_base_that_is_not_known_cannot_say_that_nothing_changed(project: Path, base: str) -> None:
    found = changed.document(config.load(), base)
    assert found["training"] is True
    assert "is not known here" in found["changes"][0]["why"]
