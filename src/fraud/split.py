"""The windows of the handbook's protocol, and the rows that fall into them.

A model learns from a window of days, the labels of which are complete `delay_days` later; then it is tested on
`test_days`. Choices are made on validation weeks: the same windows, shifted back by whole weeks, so that no row of
the test is among theirs. Fraud Detection Handbook, chapter 3 (Baseline fraud detection system) and chapter 5
(Validation, prequential).
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt

from fraud.errors import WindowError
from fraud.settings import Settings

DAY = timedelta(days=1)
NEVER = np.iinfo(np.int64).max
"""The number of a day that does not come: of a fraud that is none, of a report that nobody knows of."""


@dataclass(frozen=True)
class Windows:
    """Whole days: train_start <= trained on < train_end, test_start <= tested on < test_end.

    A card with a fraud from `known_start` on, that was known by the day of a test, is left out of that day.
    """

    train_start: date
    train_end: date
    known_start: date
    test_start: date
    test_end: date

    @property
    def delay_days(self) -> int:
        """Days between the windows, after which a label is known."""
        return (self.test_start - self.train_end).days

    @property
    def document(self) -> dict[str, str]:
        """The days in ISO form; ends are exclusive."""
        return {name: day.isoformat() for name, day in asdict(self).items()}


def last_full_day(last: datetime) -> date:
    """The last day that the data covers to its end.

    That is the day before the newest transaction's, unless that one is in the last hour of its day.
    """
    return last.date() if last.hour == 23 else last.date() - DAY


def windows_of(first: datetime, last: datetime, settings: Settings) -> Windows:
    """The windows that the settings ask for, over data that reaches from `first` to `last`.

    The test days are those named or the latest full ones, the training days as many as there are, at most
    `train_days`. Raises WindowError where the data does not cover the test, or not `min_train_days` of training.
    """
    test_start = settings.test_start or last_full_day(last) + DAY - timedelta(days=settings.test_days)
    window = _windows(first.date(), test_start, settings)
    if window.test_end > last.date() + DAY:
        raise WindowError(
            f"the test needs data from {test_start} to {window.test_end - DAY}, but it covers {first.date()} to "
            f"{last.date()}: choose another test_start"
        )
    return window


def validation_windows(first: datetime, window: Windows, settings: Settings) -> list[Windows]:
    """The windows shifted back by 1, 2 … weeks, the earliest first, none of which reaches into the test.

    Raises WindowError where the earliest has less than `min_train_days` of training.
    """
    apart = timedelta(weeks=-(-settings.test_days // 7))  # a test longer than a week is shifted by so many more
    starts = [window.test_start - apart * week for week in range(settings.validation_weeks, 0, -1)]
    return [_windows(first.date(), start, settings) for start in starts]


def _windows(first: date, test_start: date, settings: Settings) -> Windows:
    train_end = test_start - timedelta(days=settings.delay_days)
    start = max(train_end - timedelta(days=settings.train_days), first)
    least = min(settings.min_train_days, settings.train_days)
    if (train_end - start).days < least:
        raise WindowError(
            f"a test from {test_start} on is trained on days before {train_end}, since labels take "
            f"{settings.delay_days} days; the data, from {first} on, has {max((train_end - start).days, 0)} of "
            f"them, and {least} are needed: give more data, a later test_start or fewer validation_weeks"
        )
    return Windows(
        train_start=start,
        train_end=train_end,
        known_start=train_end - timedelta(days=settings.known_days),
        test_start=test_start,
        test_end=test_start + timedelta(days=settings.test_days),
    )


def midnight(day: date) -> datetime:
    """The first moment of a day, as the transactions' times are: UTC without a zone."""
    return datetime.combine(day, time())


def days_since(start: date, times: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """For each time the number of its day, that of `start` being 0; NEVER for no time."""
    days = times.astype("datetime64[D]").astype(np.int64) - np.datetime64(start, "D").astype(np.int64)
    return np.where(np.isnat(times), NEVER, days)


def known_from(
    day: npt.NDArray[np.int64],
    fraud: npt.NDArray[np.int64],
    delay_days: int,
    reported: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int64]:
    """For each row the day from which on it is known as a fraud; NEVER for what is none.

    That is `delay_days` after its day has ended, or after the day on which it was reported, if that is later.
    """
    known = day + delay_days + 1
    if reported is not None:
        known = np.maximum(known, np.where(reported == NEVER, 0, reported) + 1)
    return np.where(fraud == 1, known, NEVER)


def known_as_compromised(
    day: npt.NDArray[np.int64], card: npt.NDArray[np.int64], known: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """For each row, whether its card is known as compromised on that row's day.

    The rows are all those from `known_start` on, `day` counted from there, `known` is that of `known_from`. This
    is what the handbook's get_train_test_set leaves out of the test set day by day, beginning with the cards that
    had a fraud in the week that its models are trained on.
    """
    cards, index = np.unique(card, return_inverse=True)
    first = np.full(len(cards), NEVER)
    np.minimum.at(first, index, known)
    return first[index] <= day


def tested(
    window: Windows,
    times: npt.NDArray[np.datetime64],
    card: npt.NDArray[np.int64],
    fraud: npt.NDArray[np.int64],
    reported: npt.NDArray[np.datetime64] | None,
) -> npt.NDArray[np.bool_]:
    """For each row whether it is tested: in the test days, of a card not known as compromised.

    The rows are all those from `known_start` to `test_end`, and may be more on both sides.
    """
    day = days_since(window.known_start, times)
    seen = (day >= 0) & (day < (window.test_end - window.known_start).days)
    result = seen & (day >= (window.test_start - window.known_start).days)
    late = None if reported is None else days_since(window.known_start, reported[seen])
    known = known_from(day[seen], fraud[seen], window.delay_days, late)
    result[seen] &= ~known_as_compromised(day[seen], card[seen], known)
    return result
