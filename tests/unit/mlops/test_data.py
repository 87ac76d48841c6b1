"""How old data may be, and what `now` is for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops import config, data
from mlops.data import Published, aged
from mlops.errors import BadInput
from tests.project import REPOSITORY

CONFIG = config.load(REPOSITORY / "mlops.toml")
LAST = "2018-05-20T23:59:49"


def version(as_of: str | None = None, last: str = LAST, landed: str = "") -> Published:
    return Published("transactions", "1", {}, existed=True, last=last, as_of=as_of, landed=landed)


def test_what_is_published_today_is_judged_by_today() -> None:
    with pytest.raises(BadInput, match=r"^transactions:1 is too old: its last row is of 2018-05-20") as refused:
        aged(CONFIG, version(), None)
    assert "mlops.toml allows 3 (data.max_age_days)" in str(refused.value)
    assert "--as-of last" in refused.value.hint


@pytest.mark.parametrize(
    ("published", "asked", "moment"),
    [
        ("2018-05-21", None, "2018-05-21"),
        (None, "last", "2018-05-21"),
        ("2018-05-23", "last", "2018-05-21"),
        ("2018-05-21", "2018-05-23", "2018-05-23"),
        (None, "2018-05-21T02:00:00+02:00", "2018-05-21T02:00:00+02:00"),
    ],
)
def test_history_is_judged_as_of_what_is_asked_or_of_what_it_was_published_with(
    published: str | None, asked: str | None, moment: str
) -> None:
    assert aged(CONFIG, version(published), asked) == moment


@pytest.mark.parametrize("asked", ["2018-05-24", "2018-05-23T23:59:50", "2018-05-24T02:00:00+02:00"])
def test_a_day_too_late_is_refused(asked: str) -> None:
    with pytest.raises(BadInput, match=r"3\.0 days before"):
        aged(CONFIG, version("2018-05-21"), asked)


def test_what_landed_too_long_ago_is_refused_however_new_its_rows_are() -> None:
    landed = "2018-05-20T23:00:00+00:00"
    assert aged(CONFIG, version("2018-05-23", landed=landed), None) == "2018-05-23"
    late = version("2018-05-24", last="2018-05-23T23:00:00", landed=landed)
    with pytest.raises(BadInput, match=r"its last file landed 2018-05-20T23.*3\.0 days.*max_landing_age_days"):
        aged(CONFIG, late, None)
    with pytest.raises(BadInput, match="its last file landed"):
        aged(CONFIG, version(last="", landed=landed), None)


def test_an_as_of_that_is_no_date_is_said() -> None:
    with pytest.raises(BadInput, match=r"--as-of yesterday: it is a date or time such as 2018-10-01"):
        aged(CONFIG, version(), "yesterday")
    with pytest.raises(BadInput, match="does not say of when its last row is"):
        aged(CONFIG, version(last=""), "last")


def test_without_a_limit_and_without_a_date_nothing_is_too_old() -> None:
    endless = CONFIG.model_copy(update={"data": CONFIG.data.model_copy(update={"max_age_days": None})})
    assert aged(endless, version(), None) is None
    assert aged(CONFIG, version(last=""), None) is None


def test_generated_data_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "landed"
    few = {**CONFIG.demo, "customers": 20, "terminals": 20, "days": 22}
    settings = CONFIG.model_copy(update={"demo": few})
    file, existed = data.generate(settings, folder)
    assert (file, existed) == (folder / "transactions.parquet", False)
    before = file.read_bytes()
    assert data.generate(settings, folder) == (file, True)
    assert file.read_bytes() == before
