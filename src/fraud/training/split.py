"""The windows of the handbook's protocol, and the rows that fall into them.

A model learns from `train_days`, the labels of which are complete `delay_days` later; then it is tested on
`test_days`. Fraud Detection Handbook, chapter 3 (Baseline fraud detection system) and chapter 5 (Validation).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt

from fraud.errors import WindowError
from fraud.settings import Settings

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Windows:
    """Whole days: train_start <= trained on < train_end, test_start <= tested on < test_end."""

    train_start: date
    train_end: date
    test_start: date
    test_end: date

    @property
    def delay_days(self) -> int:
        """Days between the windows, after which a label is known."""
        return (self.test_start - self.train_end).days


def last_full_day(last: datetime) -> date:
    """The last day that the data covers to its end.

    That is the day before the newest transaction's, unless that one is in the last hour of its day.
    """
    return last.date() if last.hour == 23 else last.date() - DAY


def windows(
    first: datetime,
    last: datetime,
    *,
    train_start: date | None = None,
    train_days: int = 7,
    delay_days: int = 7,
    test_days: int = 7,
) -> Windows:
    """The windows over data that reaches from `first` to `last`.

    Without `train_start` they are the latest that end with the last full day. Raises WindowError if the data does
    not cover them.
    """
    if train_days < 1 or test_days < 1 or delay_days < 0:
        raise WindowError(
            f"train-days and test-days must be 1 or more and delay-days 0 or more; "
            f"got {train_days}, {test_days} and {delay_days}"
        )
    length = timedelta(days=train_days + delay_days + test_days)
    start = train_start or last_full_day(last) + DAY - length
    end = start + length
    if start < first.date() or end > last.date() + DAY:
        raise WindowError(
            f"the windows need data from {start} to {end - DAY} ({train_days} days to train, {delay_days} to wait "
            f"for labels, {test_days} to test), but it covers {first.date()} to {last.date()}"
        )
    train_end = start + timedelta(days=train_days)
    return Windows(start, train_end, train_end + timedelta(days=delay_days), end)


def windows_of(first: datetime, last: datetime, settings: Settings) -> Windows:
    """The windows that the settings ask for: test days as named or the latest, and training days as there are.

    Raises WindowError where the data does not cover them, or not `min_train_days` of training.
    """
    test_start = settings.test_start or last_full_day(last) + DAY - timedelta(days=settings.test_days)
    train_end = test_start - timedelta(days=settings.delay_days)
    days = max(min(settings.train_days, (train_end - first.date()).days), settings.min_train_days)
    return windows(
        first,
        last,
        train_start=train_end - timedelta(days=days),
        train_days=days,
        delay_days=settings.delay_days,
        test_days=settings.test_days,
    )


def midnight(day: date) -> datetime:
    """The first moment of a day, as the transactions' times are: UTC without a zone."""
    return datetime.combine(day, time())


def days_since(start: date, times: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """For each time the number of its day, that of `start` being 0."""
    days = times.astype("datetime64[D]").astype(np.int64)
    return days - np.datetime64(start, "D").astype(np.int64)


def known_as_compromised(
    day: npt.NDArray[np.int64],
    card: npt.NDArray[np.int64],
    fraud: npt.NDArray[np.int64],
    delay_days: int,
) -> npt.NDArray[np.bool_]:
    """For each row, whether its card is known as compromised on that row's day.

    The rows are all those from the start of training on, `day` counted from there. A fraud becomes known
    `delay_days` after its day ends: a card is known on day d if it had a fraud on a day before d - delay_days.
    This is what the handbook's get_train_test_set leaves out of the test set day by day, beginning with the
    cards that had a fraud in the training window.
    """
    never = np.iinfo(np.int64).max
    cards, index = np.unique(card, return_inverse=True)
    first_fraud = np.full(len(cards), never)
    np.minimum.at(first_fraud, index[fraud == 1], day[fraud == 1])
    return first_fraud[index] < day - delay_days
