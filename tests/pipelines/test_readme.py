"""Every line of the README's code blocks, in its order, as a newcomer types them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops.errors import BadInput
from mlops.infra import bicep
from tests.project import LIMIT, REPOSITORY, Project, copied

BIN = Path(sys.executable).parent
NOT_RUN = {
    "make test": "it runs this",
    "az login; gh auth login": "needs accounts",
    "mlops bootstrap --target dev": "the same; tests/delivery/test_bootstrap.py runs it, az and gh are recorders",
}
"""Lines that are left out, and why."""
NEEDS_BICEP = ("mlops infra apply", "mlops local run --as")
SCRIPT = """
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential

zero = "00000000-0000-0000-0000-000000000000"
client = MLClient(DefaultAzureCredential(), zero, "rg-fraud-local", "mlw-fraud-local")
print([model.version for model in client.models.list(name="fraud")])
"""


def lines() -> list[str]:
    """The README's commands, without what it says of them."""
    blocks = re.findall(r"^```\n(.*?)^```$", (REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is cloned, set up already, with a script of one's own."""
    folder = copied(tmp_path_factory.mktemp("fork"))
    (folder / "your_script.py").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def said(fork: Path, project: Project, told: dict[str, Any]) -> dict[str, subprocess.CompletedProcess[str]]:
    """What each line said. The first demo has been told before: this one runs only what changed."""
    # these tests may themselves be run by make, which a newcomer's shell is not
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    variables = {
        **own,
        **project.variables,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
    }
    try:
        bicep.find()
        without: tuple[str, ...] = ()
    except BadInput:
        without = NEEDS_BICEP
    found = {}
    for line in lines():
        if line in NOT_RUN or any(map(line.startswith, without)):
            continue
        command = line.replace("JOB", told["job"])
        if line.startswith("make "):
            command = f"make --old-file .venv/.cli BIN={BIN} {line.removeprefix('make ')}"
        found[line] = subprocess.run(
            ["bash", "-c", command],
            cwd=fork,
            env=variables,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    return found


def test_every_line_works(said: dict[str, subprocess.CompletedProcess[str]]) -> None:
    failed = {line: ended.stderr.splitlines()[-2:] for line, ended in said.items() if ended.returncode}
    assert failed == {}
    assert len(said) >= 11


def test_what_is_left_out_is_there() -> None:
    assert set(NOT_RUN) <= set(lines())


def test_the_demo_says_what_it_was_selected_by_how_long_it_took_and_where_to_look(
    said: dict[str, subprocess.CompletedProcess[str]], told: dict[str, Any]
) -> None:
    demo = said["make demo"]
    assert f"selected by {told['evaluation']['selected_by']}: {told['verdict']['candidate']}" in " ".join(
        demo.stdout.split()
    )
    *_, address = demo.stdout.splitlines()
    studio = f"{told['endpoint'].partition('/endpoints/')[0]}/studio/"
    assert address.startswith(studio)
    assert told["pages"].startswith(studio)
    assert address != told["pages"], "it works once"
    assert re.search(r"5  scored 5 rows; all of it took \d+ s$", demo.stderr, re.MULTILINE)


def test_history_is_not_said_twice(said: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert "transactions:1 is published already" in said["mlops data publish landed/ --as-of last"].stdout
    run = said["mlops train"].stderr.splitlines()[0]
    assert re.fullmatch(r"run \w+ on transactions:1, its age counted from 2018-08-04", run)


def test_what_a_person_sees_fits_a_terminal(said: dict[str, subprocess.CompletedProcess[str]]) -> None:
    for line in ("mlops status", "mlops train", "mlops data generate landed/"):
        assert [each for each in said[line].stdout.splitlines() if len(each) > 80] == [], line


def test_a_script_of_ones_own_finds_what_was_made(said: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert json.loads(said["mlops local run -- python your_script.py"].stdout.replace("'", '"')) == ["1"]
