"""The environments of the steps and of the endpoint fit each other and the models that are made."""

import re

import pytest

from fraud.training.export import SAVED_WITH, SERVER
from tests.emulator import REPOSITORY


def locked(environment: str) -> dict[str, set[str]]:
    """The versions of each package in a lock; more than one where they differ by Python."""
    text = (REPOSITORY / "environments" / environment / "requirements.txt").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_a_model_asks_for_the_server_that_is_locked() -> None:
    serve = locked("serve")
    for requirement in SERVER:
        name, _, version = requirement.partition("==")
        assert serve[name] == {version}, f"SERVER in fraud/training/export.py says {requirement}"


@pytest.mark.parametrize("package", ["onnxruntime", "numpy"])
def test_serving_computes_with_what_evaluation_computed_with(package: str) -> None:
    assert locked("serve")[package] == locked("train")[package]


def test_what_a_model_is_saved_with_is_in_the_lock_of_training() -> None:
    assert set(SAVED_WITH) <= set(locked("train"))


def test_tracking_and_its_plugin_are_pinned_together() -> None:
    train = locked("train")
    assert train["mlflow-skinny"] == {"3.15.0"}
    assert train["azureml-mlflow"] == {"1.62.0.post6"}
    assert "mlflow" not in train
    assert all(int(version.partition(".")[0]) < 7 for version in train["protobuf"])
