"""mlops.toml is filled in from a deployment, and nothing else of it changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlops import config
from mlops.errors import BadInput
from mlops.infra import settings
from tests.project import REPOSITORY

SAID = {
    "subscriptionId": "12345678-0000-0000-0000-000000000000",
    "resourceGroup": "rg-fraud-dev",
    "workspace": "mlw-fraud-devb",
    "compute": "cpu-cluster",
    "endpoint": "fraud-dev-b",
    "allowedSizes": ["Standard_DS3_v2"],
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = Path(shutil.copy(REPOSITORY / "mlops.toml", tmp_path))
    monkeypatch.setenv("MLOPS_CONFIG", str(copy))
    return copy


def test_what_differs_is_written_and_said(file: Path) -> None:
    before = file.read_text()
    lines = settings.write(config.load(), "dev", SAID)
    assert lines == [
        "subscription_id: 00000000-0000-0000-0000-000000000001 → 12345678-0000-0000-0000-000000000000",
        "workspace: mlw-fraud-dev → mlw-fraud-devb",
        "endpoint: fraud-dev → fraud-dev-b",
        "instance_type: Standard_DS2_v2 is not one of Standard_DS3_v2",
    ]
    now = config.load().target("dev")
    assert (now.workspace, now.instance_type, now.instance_count) == ("mlw-fraud-devb", "Standard_DS3_v2", 1)
    changed = [(a, b) for a, b in zip(before.splitlines(), file.read_text().splitlines(), strict=True) if a != b]
    assert len(changed) == 4  # comments and order stay
    assert list(file.parent.iterdir()) == [file]


def test_again_nothing_is_written(file: Path) -> None:
    settings.write(config.load(), "dev", SAID)
    before = file.stat().st_mtime_ns
    assert settings.write(config.load(), "dev", SAID) == []
    assert file.stat().st_mtime_ns == before


def test_a_target_that_the_file_does_not_know_is_added(file: Path) -> None:
    text = file.read_text()
    start = text.index("[targets.prod]")
    file.write_text(text[:start].rstrip() + "\n")
    assert len(settings.write(config.load(), "prod", SAID)) == 5
    assert config.load().target("prod").endpoint == "fraud-dev-b"


def test_a_file_that_cannot_be_written_is_said_and_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, before = config.load(), file.read_text()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BadInput, match="cannot be written: No space left"):
        settings.write(loaded, "dev", SAID)
    monkeypatch.undo()
    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]
