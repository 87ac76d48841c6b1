"""What a job's runner takes and gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.github import runner


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*runner.VARIABLES, "ENVIRONMENT", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)


def test_outputs_are_lines_of_the_file_that_github_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.outputs({"nobody": "listens"})
    file = tmp_path / "output"
    file.write_text("earlier=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    runner.outputs({"training": "true", "model": "fraud:7"})
    assert file.read_text() == "earlier=1\ntraining=true\nmodel=fraud:7\n"


def test_an_output_cannot_smuggle_another_one_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    with pytest.raises(BadInput, match="more than one line"):
        runner.outputs({"training": "true", "model": "a\nadmin=true"})
    assert not file.exists()


def test_this_machine_needs_nothing() -> None:
    said: list[str] = []
    assert runner.identity("local", said.append) == {"target": "local"}
    assert said == ["this machine: the local Azure ML, no subscription and no secret"]


def test_a_target_needs_the_variables_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "prod-release")
    monkeypatch.setenv("AZURE_TENANT_ID", "t")
    with pytest.raises(BadInput) as caught:
        runner.identity("prod", print)
    assert str(caught.value) == (
        "the GitHub environment prod-release has no variable AZURE_CLIENT_ID, AZURE_SUBSCRIPTION_ID: "
        "no identity for prod"
    )
    assert caught.value.hint == "mlops bootstrap --target prod"


def test_with_them_it_says_as_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*runner.VARIABLES, "ENVIRONMENT"):
        monkeypatch.setenv(name, name.lower())
    said: list[str] = []
    assert runner.identity("dev", said.append)["client_id"] == "azure_client_id"
    assert said == ["Azure, dev: the identity of the GitHub environment environment (client id azure_client_id)"]
