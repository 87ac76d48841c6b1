"""Other people's programs: found, run without a shell, their failures in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops import tools
from mlops.errors import BadInput, ServiceFailed


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `az` of a few lines of shell, alone on PATH."""
    file = tmp_path / "az"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return file


def _write(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_the_output_is_what_it_wrote(program: Path) -> None:
    _write(program, 'cat; printf %s "$#:$1"')
    assert tools.run("az", "a b; exit 3", stdin="in:") == "in:1:a b; exit 3"


def test_nothing_to_read_is_the_end_of_the_input_and_no_question(program: Path) -> None:
    _write(program, "read answer || echo no answer")
    assert tools.run("az") == "no answer\n"


def test_it_answers_in_json_whatever_the_person_likes(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CORE_OUTPUT", "table")
    _write(program, 'printf \'{"output": "%s"}\' "$AZURE_CORE_OUTPUT"')
    assert tools.json_of("az", "account", "show") == {"output": "json"}


def test_a_missing_program_is_told_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="az is not installed") as caught:
        tools.run("az", "account", "show")
    assert "install the Azure CLI" in caught.value.hint


def test_a_program_that_cannot_be_run_is_told(program: Path) -> None:
    program.write_bytes(b"\x7fELF no program")
    program.chmod(0o755)
    with pytest.raises(BadInput, match="az cannot be run"):
        tools.run("az")


@pytest.mark.parametrize(
    ("stderr", "said", "hint"),
    [
        (
            "WARNING: a new version\nERROR: (AuthorizationFailed) The client 'ada' may not.\nCode: Forbidden",
            "az deployment sub create: (AuthorizationFailed) The client 'ada' may not.",
            "docs/bootstrap.md",
        ),
        (
            'ERROR: Forbidden({"error":{"code":"RequestDisallowedByAzure","message":"Disallowed.\\nSee"}})',
            "az deployment sub create: (RequestDisallowedByAzure) Disallowed.",
            "--location",
        ),
        (
            "ERROR: AADSTS700082: The token has expired",
            "az deployment sub create: AADSTS700082",
            "az login",
        ),
        ("ERROR: {not json}", "az deployment sub create: {not json}", ""),
        ("gh: Not Found (HTTP 404)", "az deployment sub create: Not Found (HTTP 404)", ""),
        ("", "az deployment sub create: it failed without a word", ""),
    ],
)
def test_a_failure_is_its_own_words_in_one_line(program: Path, stderr: str, said: str, hint: str) -> None:
    (program.parent / "said").write_text(stderr)
    _write(program, f"cat {program.parent / 'said'} >&2; exit 1")
    with pytest.raises(ServiceFailed) as caught:
        tools.run("az", "deployment", "sub", "create", "--name", "x")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint


def test_another_code_may_be_fine(program: Path) -> None:
    _write(program, "echo gone; exit 3")
    assert tools.run("az", ok=(0, 3)) == "gone\n"


def test_what_is_no_json_is_told(program: Path) -> None:
    _write(program, "echo hello")
    with pytest.raises(ServiceFailed, match="az account show answered something that is not JSON"):
        tools.json_of("az", "account", "show")


def test_variables_are_added_to_the_environment(program: Path) -> None:
    _write(program, 'printf %s "$TARGET"')
    assert tools.run("az", environment={"TARGET": "dev"}) == "dev"


def test_a_dry_run_reads_and_does_not_write(program: Path) -> None:
    said: list[str] = []
    _write(program, f"echo x >> {program.parent / 'log'}; echo '[1]'")
    calls = tools.Calls(said.append, dry=True)
    assert calls.read("az", "list") == [1]
    calls.write("az", "create", "--name", "a b", stdin="secret", about="make it")
    assert (program.parent / "log").read_text() == "x\n"
    assert calls.planned == ["# make it", "az create --name 'a b'"]
    assert said == []
    calls.dry = False
    calls.write("az", "create", "--name", "a b", stdin="secret", about="make it")
    assert said == ["make it", "  $ az create --name 'a b'"]
    assert (program.parent / "log").read_text() == "x\nx\n"
