"""The windows of the protocol, and the cards that are known as compromised."""

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.errors import WindowError
from fraud.settings import Settings
from fraud.training.split import days_since, known_as_compromised, windows, windows_of

FIRST = datetime(2018, 4, 1, 0, 0, 31)  # noqa: DTZ001
LAST = datetime(2018, 9, 30, 23, 59, 57)  # noqa: DTZ001


def test_the_handbooks_first_protocol() -> None:
    window = windows(FIRST, LAST, train_start=date(2018, 7, 25))
    assert window.train_end == date(2018, 8, 1)
    assert window.delay_days == 7
    assert (window.test_start, window.test_end) == (date(2018, 8, 8), date(2018, 8, 15))


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        (LAST, date(2018, 10, 1)),
        (LAST.replace(hour=23, minute=0), date(2018, 10, 1)),
        (LAST.replace(hour=22), date(2018, 9, 30)),  # the 30th is not over yet
    ],
)
def test_without_a_start_the_test_ends_with_the_last_full_day(last: datetime, ends: date) -> None:
    window = windows(FIRST, last, train_days=3, delay_days=2, test_days=1)
    assert window.test_end == ends
    assert (ends - window.train_start).days == 6


@pytest.mark.parametrize("start", [date(2018, 3, 31), date(2018, 9, 11)])
def test_data_that_does_not_cover_the_windows_is_refused_with_dates(start: date) -> None:
    with pytest.raises(WindowError, match=rf"from {start} to .* covers 2018-04-01 to 2018-09-30"):
        windows(FIRST, LAST, train_start=start)
    assert windows(FIRST, LAST, train_start=date(2018, 9, 10)).test_end == date(2018, 10, 1)


def test_too_little_data_and_impossible_lengths() -> None:
    with pytest.raises(WindowError, match="from 2018-03-26 to 2018-04-15"):
        windows(FIRST, datetime(2018, 4, 15, 23, 30))  # noqa: DTZ001
    with pytest.raises(WindowError, match="must be 1 or more"):
        windows(FIRST, LAST, test_days=0)


def test_days_are_calendar_days() -> None:
    times = np.array(["2018-07-24T23:59:59", "2018-07-25T00:00:00", "2018-08-01T12:00:00"], "datetime64[us]")
    assert days_since(date(2018, 7, 25), times).tolist() == [-1, 0, 7]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(0, 1)), min_size=1, max_size=60),
    st.integers(0, 3),
)
def test_cards_become_known_day_by_day(rows: list[tuple[int, int, int]], delay: int) -> None:
    """Against the handbook's procedure: train 3 days, then grow the set of known cards by one day a test day."""
    train = 3
    known = {card for day, card, fraud in rows if fraud and day < train}
    expected = {}
    for test_day in range(train + delay, 10):
        # The day before the one that lies the delay back; its labels have just become known.
        known |= {card for day, card, fraud in rows if fraud and day == test_day - delay - 1}
        expected[test_day] = set(known)
    day, card, fraud = (np.array(column) for column in zip(*rows, strict=True))
    found = known_as_compromised(day, card, fraud, delay)
    for index, (row_day, row_card, _) in enumerate(rows):
        if row_day in expected:
            assert found[index] == (row_card in expected[row_day])


def test_settings_choose_the_latest_test_and_as_many_days_to_learn_from_as_there_are() -> None:
    latest = windows_of(FIRST, LAST, Settings(train_days=30))
    assert (latest.test_start, latest.test_end) == (date(2018, 9, 24), date(2018, 10, 1))
    assert (latest.train_end - latest.train_start).days == 30
    named = windows_of(FIRST, LAST, Settings(test_start=date(2018, 5, 1)))
    assert (named.train_start, named.train_end) == (FIRST.date(), date(2018, 4, 24))
    with pytest.raises(WindowError, match=r"from 2018-03-27 to .* covers 2018-04-01"):
        windows_of(FIRST, LAST, Settings(test_start=date(2018, 4, 10)))
