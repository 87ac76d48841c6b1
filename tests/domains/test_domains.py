"""Another model in the place of src/fraud, from landed data to an endpoint that answers, by the same commands.

Each domain is one folder: its code, and its rows of mlops.toml. All else is the project as it is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_local.runtimes.build import ensure
from azureml_local.runtimes.recipe import from_docker
from tests.commands import Commands
from tests.emulator import ENVIRONMENTS, Emulator
from tests.project import REPOSITORY, Project, copied

HERE = Path(__file__).parent
CONFIG = "mlops.toml"
MOST_FILES = 10


def tables(text: str) -> dict[str, str]:
    """The tables of a TOML file by their names, each with its header; what stands before the first is left out."""
    found = re.findall(r"^\[([\w.]+)\].*\n(?:(?!\[).*\n?)*", text, re.MULTILINE)
    parts = re.split(r"^(?=\[)", text, flags=re.MULTILINE)[1:]
    return dict(zip(found, parts, strict=True))


def merged(project: str, domain: str) -> str:
    """The project's mlops.toml with the tables that a domain has in the place of those of the same names."""
    own = tables(domain)
    kept = {
        name: text
        for name, text in tables(project).items()
        if not any(name == each or name.startswith(f"{each}.") for each in own)
    }
    return "\n".join((*kept.values(), *own.values()))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One local Azure ML for all domains, each of which has a workspace of its own."""
    folder = tmp_path_factory.mktemp("domains")
    yield folder
    Emulator.at(folder).end()
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Told:
    """What the commands of a domain said."""

    project: Project
    first: dict[str, Any]
    second: dict[str, Any]
    worse: subprocess.CompletedProcess[str]
    scored: dict[str, Any]
    status: dict[str, Any]


@pytest.fixture(scope="session", params=["breast_cancer", "diabetes"])
def told_domain(
    request: pytest.FixtureRequest, home: Path, commands: Commands, tmp_path_factory: pytest.TempPathFactory
) -> Told:
    """Publish, train, deploy; train again, against what is deployed, and deploy that; train a worse one; score."""
    domain = HERE / request.param
    root = copied(tmp_path_factory.mktemp(request.param))
    shutil.rmtree(root / "src" / "fraud")
    shutil.copytree(domain, root / "src" / "fraud", ignore=shutil.ignore_patterns(CONFIG, "__pycache__"))
    (root / CONFIG).write_text(merged((REPOSITORY / CONFIG).read_text(), (domain / CONFIG).read_text()))
    project = Project(home, commands, root)
    _generate(root)
    project.json("data", "publish", "landed")
    first = project.json("train")
    project.json("deploy")
    second = project.json("train", "--set", "training_share=0.9")
    project.json("deploy")
    worse = project.mlops("train", "--set", "shuffled_labels=true")
    return Told(project, first, second, worse, project.json("score"), project.json("status"))


def _generate(root: Path) -> None:
    """The domain's data, by its own generator: where scikit-learn is, which brings it."""
    environment = ensure(ENVIRONMENTS, from_docker(REPOSITORY / "environments" / "train", "Dockerfile"), print)
    code = "import sys; from pathlib import Path; from fraud.data import generate; generate(Path(sys.argv[1]))"
    (root / "landed").mkdir()
    subprocess.run(
        [str(environment.python), "-c", code, str(root / "landed" / "landed.parquet")],
        env={"PYTHONPATH": str(root / "src"), "OMP_NUM_THREADS": "1"},
        check=True,
    )


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes"])
def test_a_domain_is_a_folder_of_few_files(name: str) -> None:
    files = [file for file in (HERE / name).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert 3 < len(files) <= MOST_FILES


def test_a_first_model_is_held_to_floors_and_registered(told_domain: Told) -> None:
    first = told_domain.first
    assert len(first["evaluation"]["candidates"]) == 2
    assert first["evaluation"]["champion"] is None
    assert (first["verdict"]["decision"], first["registration"]["version"]) == ("accept", 1)
    floors = {rule["subject"] for rule in first["verdict"]["rules"] if rule["rule"] == "floors"}
    assert floors == set(first["evaluation"]["metrics"])


def test_the_next_one_is_compared_with_what_is_deployed(told_domain: Told) -> None:
    second = told_domain.second
    name = f"{second['registration']['name']}:1"
    assert second["evaluation"]["champion"]["name"] == name
    assert second["verdict"]["champion"] == name
    assert (second["verdict"]["decision"], second["registration"]["version"]) == ("accept", 2)
    (primary,) = (rule for rule in second["verdict"]["rules"] if rule["rule"] == "primary")
    assert (primary["subject"], primary["outcome"]) == (second["evaluation"]["primary"], "pass")
    assert second["reused"] == ["prepare"]


def test_a_worse_one_is_refused_whatever_the_metric_s_direction(told_domain: Told) -> None:
    primary = told_domain.second["evaluation"]["primary"]
    assert told_domain.worse.returncode == 3
    reasons = told_domain.worse.stderr.partition(" is refused: ")[2]
    assert re.search(rf"\b{primary} \S+ .* is worse than the margin", reasons), told_domain.worse.stderr


def test_the_endpoint_answers_as_the_evaluation_of_the_last_one_did(told_domain: Told) -> None:
    assert len(told_domain.scored["scores"]) == 3
    assert len(set(told_domain.scored["scores"])) > 1
    traffic = told_domain.status["endpoint"]["traffic"]
    # the version before stays, without traffic
    (live,) = (name for name, share in traffic.items() if share)
    assert traffic[live] == 100
    assert "-v2-" in live
    assert sorted(version["version"] for version in told_domain.status["versions"]) == [1, 2]


def test_data_that_breaks_the_contract_is_not_published(told_domain: Told, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(told_domain.project.root / "landed" / "landed.parquet")
    lacking = table.column_names[1]
    pq.write_table(table.drop_columns(lacking), tmp_path / "landed.parquet")
    ended = told_domain.project.mlops("data", "publish", str(tmp_path))
    assert ended.returncode == 2
    assert f"column {lacking} is missing" in ended.stderr


def test_a_setting_that_the_domain_does_not_have_is_refused_by_its_name(told_domain: Told) -> None:
    ended = told_domain.project.mlops("train", "--set", "train_days=7")
    assert ended.returncode == 5
    assert "there is no setting train_days; there are test_share, " in ended.stderr


def test_tables_take_the_place_of_their_namesakes_only() -> None:
    project = "# kept\n[a]\nx = 1\n\n[gate]\nm = 1\n[gate.floors]  # two\nb = 1\n[targets.local]\ny = 1\n"
    project += "[targets.dev]\nz = 1\n"
    domain = "[gate]\nn = 2\n[targets.local]\ny = 2\n"
    assert tomllib.loads(merged(project, domain)) == {
        "a": {"x": 1},
        "gate": {"n": 2},
        "targets": {"local": {"y": 2}, "dev": {"z": 1}},
    }
