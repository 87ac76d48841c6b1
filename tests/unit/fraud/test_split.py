"""The windows of the protocol, and the cards that are known as compromised."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud import split
from fraud.errors import WindowError
from fraud.settings import Settings
from fraud.split import days_since, known_as_compromised, known_from, validation_windows, windows_of

FIRST = datetime(2018, 4, 1, 0, 0, 31)  # noqa: DTZ001
LAST = datetime(2018, 9, 30, 23, 59, 57)  # noqa: DTZ001
HANDBOOK = Settings(test_start=date(2018, 8, 8), train_days=7)


def test_the_handbooks_first_protocol() -> None:
    window = windows_of(FIRST, LAST, HANDBOOK)
    assert (window.train_start, window.train_end) == (date(2018, 7, 25), date(2018, 8, 1))
    assert window.delay_days == 7
    assert (window.test_start, window.test_end) == (date(2018, 8, 8), date(2018, 8, 15))
    assert window.known_start == window.train_start


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        (LAST, date(2018, 10, 1)),
        (LAST.replace(hour=23, minute=0), date(2018, 10, 1)),
        (LAST.replace(hour=22), date(2018, 9, 30)),  # the 30th is not over yet
    ],
)
def test_without_a_start_the_test_ends_with_the_last_full_day(last: datetime, ends: date) -> None:
    window = windows_of(FIRST, last, Settings(train_days=3, min_train_days=3, delay_days=2, test_days=1))
    assert window.test_end == ends
    assert (ends - window.train_start).days == 6


@pytest.mark.parametrize("start", [date(2018, 9, 25), date(2019, 1, 1)])
def test_a_test_beyond_the_data_is_refused_with_dates(start: date) -> None:
    with pytest.raises(WindowError, match=rf"from {start} to .* covers 2018-04-01 to 2018-09-30"):
        windows_of(FIRST, LAST, Settings(test_start=start))
    assert windows_of(FIRST, LAST, Settings(test_start=date(2018, 9, 24))).test_end == date(2018, 10, 1)


def test_training_takes_as_many_days_as_there_are_and_refuses_too_few() -> None:
    assert windows_of(FIRST, LAST, Settings()).train_start == date(2018, 7, 19)
    window = windows_of(FIRST, LAST, Settings(test_start=date(2018, 4, 15)))
    assert (window.train_start, window.train_end) == (date(2018, 4, 1), date(2018, 4, 8))
    with pytest.raises(WindowError, match=r"before 2018-04-07, .* has 6 of them, and 7 are needed"):
        windows_of(FIRST, LAST, Settings(test_start=date(2018, 4, 14)))
    with pytest.raises(WindowError, match="has 0 of them"):
        windows_of(FIRST, LAST, Settings(test_start=date(2018, 4, 1)))


def test_what_is_tested_does_not_depend_on_how_long_a_model_learns() -> None:
    week, months = (windows_of(FIRST, LAST, Settings(train_days=days)) for days in (7, 60))
    assert week.train_start != months.train_start
    assert (week.known_start, week.test_start) == (months.known_start, months.test_start)


@given(st.integers(0, 6), st.integers(1, 21), st.integers(0, 10))
def test_validation_weeks_come_in_order_before_the_test_and_are_like_it(weeks: int, days: int, delay: int) -> None:
    settings = Settings(validation_weeks=weeks, test_days=days, delay_days=delay, train_days=20)
    window = windows_of(FIRST, LAST, settings)
    every = [*validation_windows(FIRST, window, settings), window]
    assert len(every) == weeks + 1
    for each, following in pairwise(every):
        assert each.test_end <= following.test_start
        assert (following.test_start - each.test_start).days % 7 == 0  # the same days of the week
        assert (following.test_start - each.test_end).days < 7
    for each in every:
        assert (each.train_end - each.train_start, each.delay_days) == (timedelta(20), delay)
        assert each.test_end - each.test_start == timedelta(days)


def test_validation_weeks_without_days_to_learn_from_are_refused() -> None:
    settings = Settings(test_start=date(2018, 4, 28), validation_weeks=2)
    window = windows_of(FIRST, LAST, settings)
    with pytest.raises(WindowError, match=r"has 6 of them, and 7 are needed: .* fewer validation_weeks"):
        validation_windows(FIRST, window, settings)


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
    found = known_as_compromised(day, card, known_from(day, fraud, delay))
    for index, (row_day, row_card, _) in enumerate(rows):
        if row_day in expected:
            assert found[index] == (row_card in expected[row_day])


def test_only_frauds_from_known_start_on_leave_a_card_out() -> None:
    window = windows_of(FIRST, LAST, HANDBOOK)  # known from 07-25 on, tested 08-08 to 08-14
    rows = [
        ("2018-07-24T12:00", 1, 1, False),  # too long ago to count
        ("2018-07-25T00:00", 2, 1, False),
        ("2018-08-07T23:59", 3, 0, False),
        ("2018-08-08T00:00", 1, 0, True),
        ("2018-08-08T00:00", 2, 0, False),  # known
        ("2018-08-08T00:00", 3, 1, True),
        ("2018-08-14T23:59", 3, 0, True),  # the fraud of 08-08 is not known yet
        ("2018-08-15T00:00", 3, 0, False),
    ]
    times, card, fraud, expected = (np.array(column) for column in zip(*rows, strict=True))
    assert split.tested(window, times.astype("datetime64[us]"), card, fraud, None).tolist() == expected.tolist()


def test_a_fraud_that_is_reported_late_is_known_late() -> None:
    window = windows_of(FIRST, LAST, HANDBOOK)  # known from 07-25 on, tested 08-08 to 08-14
    rows = [
        ("2018-07-25T12:00", 1, 1, "2018-07-26T00:00", False),  # before its labels are complete anyway
        ("2018-07-25T12:00", 2, 1, "2018-08-09T10:00", False),
        ("2018-07-25T12:00", 3, 1, "NaT", False),
        ("2018-08-09T12:00", 1, 0, "NaT", False),
        ("2018-08-09T12:00", 2, 0, "NaT", True),
        ("2018-08-10T00:00", 2, 0, "NaT", False),
        ("2018-08-09T12:00", 3, 0, "NaT", False),
    ]
    times, card, fraud, reported, expected = (np.array(column) for column in zip(*rows, strict=True))
    moments = times.astype("datetime64[us]"), reported.astype("datetime64[us]")
    assert split.tested(window, moments[0], card, fraud, moments[1]).tolist() == expected.tolist()
