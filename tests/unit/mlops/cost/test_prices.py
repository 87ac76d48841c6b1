"""The price table is that of the project, wherever the package lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops.cost import prices
from tests.project import REPOSITORY


def test_the_table_of_a_fork_is_the_one_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "infra" / "prices.toml").read_text()
    assert 'currency = "USD"' in text
    (tmp_path / "infra" / "modules").mkdir(parents=True)
    (tmp_path / "mlops.toml").touch()
    (tmp_path / "infra" / "prices.toml").write_text(text.replace('currency = "USD"', 'currency = "EUR"'))
    monkeypatch.chdir(tmp_path / "infra" / "modules")
    assert prices.load().currency == "EUR"
