"""The command line itself: help, lazy imports, one-line errors."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer

from mlops.cli.main import app

REPOSITORY = Path(__file__).parents[3]
MLOPS = Path(sys.executable).with_name("mlops")
HEAVY = ("azure", "mlflow", "sklearn", "pandas", "duckdb", "pyarrow", "starlette", "pydantic", "numpy", "rich")


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found += _commands(command, (*path, name))
        else:
            found.append((" ".join((*path, name)), command))
    return found


COMMANDS = _commands(typer.main.get_command(app))


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 16


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_has_help_and_a_place_in_the_documentation(name: str, command: click.Command) -> None:
    assert command.help
    assert f"### mlops {name}\n" in (REPOSITORY / "docs" / "commands.md").read_text()


def test_the_documentation_is_what_the_commands_say() -> None:
    from mlops.cli.reference import render

    assert (REPOSITORY / "docs" / "commands.md").read_text() == render()


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom mlops.cli.main import app\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    app(['--help'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("status", "--target", "moon"), 2, "error: there is no target 'moon' in mlops.toml"),
        (("status", "--output", "xml"), 2, "error: --output xml: it is one of text, json, markdown"),
        (("score", "no-such-file.json"), 2, "error: no-such-file.json cannot be read"),
        (("local", "run"), 2, "error: there is no command to run"),
    ],
)
def test_errors_are_one_line_and_a_hint(words: tuple[str, ...], code: int, said: str) -> None:
    ended = subprocess.run([str(MLOPS), *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert ended.stderr.startswith(said)
    assert len(ended.stderr.splitlines()) <= 2
    assert ended.stdout == ""


@pytest.mark.parametrize("form", [("--output", "json"), ("-o", "json"), ("--output=json",)])
def test_with_json_an_error_is_json_too(form: tuple[str, ...]) -> None:
    command = [str(MLOPS), "status", "--target", "moon", *form]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert json.loads(ended.stderr.splitlines()[-1]) == {
        "error": {
            "message": "there is no target 'moon' in mlops.toml",
            "hint": "the targets are: local, dev, staging, prod",
            "exit_code": 2,
        }
    }


def test_with_json_a_wrong_command_line_is_json_too() -> None:
    command = [str(MLOPS), "gate", "--output", "json"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    (line,) = ended.stderr.splitlines()
    error = json.loads(line)["error"]
    assert (ended.returncode, error["exit_code"]) == (2, 2)
    assert "Missing argument" in error["message"]


def test_the_json_of_a_command_that_is_run_is_not_ours() -> None:
    command = [str(MLOPS), "status", "--target", "moon", "--", "--output", "json"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
    assert not ended.stderr.startswith("{")


def test_a_port_that_is_taken_is_answered_with_what_helps_make_too(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        variables = {"AZUREML_LOCAL_HOME": str(tmp_path / "home"), "AZUREML_LOCAL_PORT": str(port)}
        ended = subprocess.run(
            [str(MLOPS), "demo"],
            cwd=REPOSITORY,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    error, hint = ended.stderr.splitlines()
    assert error.startswith(f"error: port {port} of 127.0.0.1 is taken")
    assert f"AZUREML_LOCAL_PORT={port + 1}" in hint
    assert "make demo" in hint


def test_the_parity_rules_fit_a_terminal(tmp_path: Path) -> None:
    variables = {"AZUREML_LOCAL_HOME": str(tmp_path), "COLUMNS": "80"}
    ended = subprocess.run(
        [str(MLOPS), "local", "parity"],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = ended.stdout.splitlines()
    assert "deployment-delete-with-traffic" in lines
    assert max(map(len, lines)) <= 80


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    ended = subprocess.run([str(MLOPS), "status"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: there is no mlops.toml in ")
