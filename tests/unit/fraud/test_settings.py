"""The settings of training and test: what is read, and what is refused in one line."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.errors import SettingsError
from fraud.settings import Settings


def read(folder: Path, content: Any) -> Settings:
    file = folder / "settings.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return Settings.read(file)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == Settings()
    found = read(tmp_path, {"test_start": "2018-08-08", "train_days": 30, "negatives": 1, "review_cost": 2.5})
    assert found == Settings(test_start=date(2018, 8, 8), train_days=30, negatives=1.0, review_cost=2.5)
    assert isinstance(found.negatives, float)
    assert read(tmp_path, {"test_start": ""}).test_start is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ([], "must hold a JSON object"),
        ({"trainDays": 7}, "there is no setting trainDays; there are test_start, test_days, "),
        ({"train_days": 7.5}, "train_days must be a whole number, not 7.5"),
        ({"train_days": True}, "train_days must be a whole number, not True"),
        ({"train_days": "7"}, "train_days must be a whole number, not '7'"),
        ({"train_days": 0}, "train_days must be 1 or more, not 0"),
        ({"negatives": 1.5}, "negatives must be 0 to 1, not 1.5"),
        ({"negatives": None}, "negatives must be a number, not None"),
        ({"test_start": "August"}, "test_start must be a date such as 2018-08-08, not 'August'"),
        ({"test_start": 20180808}, "test_start must be a date such as 2018-08-08, not 20180808"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, content)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_share_is_from_nothing_to_all(value: float) -> None:
    if 0 <= value <= 1:
        assert Settings(negatives=value).negatives == value
    else:
        with pytest.raises(SettingsError):
            Settings(negatives=value)
