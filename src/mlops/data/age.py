"""How old data may be, by its newest row and by its newest landing, and what `now` is for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..config import Config
from ..errors import BadInput
from .published import Published

LAST = "last"
"""For an as-of: the day after the last row, as if history were of today."""


def aged(config: Config, published: Published, as_of: str | None) -> str | None:
    """What `now` is for the age of a version: what was asked for, else what it was published with (None: now).

    Raises BadInput where it is too old: before a run finds that out, and though its steps may be reused.
    """
    now = moment(as_of, published.last) if as_of else published.as_of
    check_age(config, f"{published.name}:{published.version}", now, last=published.last, landed=published.landed)
    return now


def check_age(config: Config, what: str, as_of: str | None, *, last: str, landed: str = "") -> None:
    """Raise BadInput where data is older than mlops.toml allows.

    `last` is the time of its newest row, `landed` that of its newest landing; what is empty is not judged.
    """
    now = _time(as_of) if as_of else datetime.now(UTC).replace(tzinfo=None)
    for newest, said, limit, key in (
        (last, "its last row is of", config.data.max_age_days, "max_age_days"),
        (landed, "its last file landed", config.data.max_landing_age_days, "max_landing_age_days"),
    ):
        if limit and newest and (age := (now - _time(newest)) / timedelta(days=1)) > limit:
            raise BadInput(
                f"{what} is too old: {said} {newest}, {age:.1f} days before {now:%Y-%m-%d}; "
                f"mlops.toml allows {limit} (data.{key})",
                "history is judged as of its own end: --as-of last, or of any day: --as-of 2018-10-01",
            )


def moment(as_of: str | None, last: str) -> str | None:
    """An as-of as a date or time; `last` is the day after the last row. Raises BadInput."""
    if as_of == LAST:
        if not last:
            raise BadInput("the data does not say of when its last row is", "name the day: --as-of 2018-10-01")
        return (_time(last).date() + timedelta(days=1)).isoformat()
    if as_of:
        _time(as_of)
    return as_of


def _time(text: str) -> datetime:
    """A date or time in ISO 8601 as UTC without a zone, which is also what one without a zone is taken for."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--as-of {text}: it is a date or time such as 2018-10-01, or `{LAST}`") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
