"""What a project asks of its data beyond the rules of a row: how old, how new, how much. Settings, not code."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fraud.errors import ContractError

ALARMS = ("volume", "one-class", "empty-column")
"""What is reported; `refuse` names those that the data is refused for."""


@dataclass(frozen=True)
class Policy:
    """The settings of `check`, by keyword; `[data]` and `[data.contract]` of mlops.toml give them.

    `as_of` is the date or time (ISO 8601, UTC if it names no zone; default: now) that age is counted from. The
    newest transaction may be at most `max_age_days` older, the newest landing of a file `max_landing_age_days`;
    None: any age. No transaction may be later than as_of (the end of a day, if it names one) or than now, by more
    than `max_future_minutes`. A day's transactions are alarmingly few below `min_volume_share` of the mean of the
    28 days before; the newest `volume_days` are looked at, without those in `quiet_days`.
    """

    as_of: str | datetime | None = None
    max_age_days: float | None = None
    max_landing_age_days: float | None = None
    max_future_minutes: float = 15
    min_volume_share: float = 0.5
    volume_days: int = 7
    quiet_days: tuple[date, ...] = ()
    refuse: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Policy":
        """A policy of these settings. Raises ContractError for one that it does not have, or that cannot be."""
        known = [each.name for each in fields(cls)]
        for name in settings:
            if name not in known:
                raise ContractError(f"the contract has no setting {name}; it has {', '.join(known)}")
        values = dict(settings)
        for name in (
            "max_age_days",
            "max_landing_age_days",
            "max_future_minutes",
            "min_volume_share",
            "volume_days",
        ):
            if (value := values.get(name)) is not None and not isinstance(value, (int, float)):
                raise ContractError(f"the contract's setting {name} is a number, not {value!r}")
        values["refuse"] = tuple(values.get("refuse", ()))
        for alarm in values["refuse"]:
            if alarm not in ALARMS:
                raise ContractError(f"the contract's setting refuse: {alarm!r} is none of {', '.join(ALARMS)}")
        values["quiet_days"] = tuple(_day(each) for each in values.get("quiet_days", ()))
        return cls(**values)

    @property
    def now(self) -> datetime:
        """What age is counted from, in UTC without a zone, as the transactions' times are."""
        return _moment(self.as_of)

    @property
    def latest(self) -> datetime:
        """The last moment that a transaction may be of."""
        end = self.now
        if isinstance(self.as_of, str) and len(self.as_of) <= len("2018-10-01"):
            end += timedelta(days=1)
        return min(end, _moment(None)) + timedelta(minutes=self.max_future_minutes)


def _day(value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"the contract's setting quiet_days: {value!r} is no date such as 2018-12-25"
        ) from error


def _moment(as_of: str | datetime | None) -> datetime:
    """`as_of` as a time in UTC without a zone; None: now."""
    if as_of is None:
        return datetime.now(UTC).replace(tzinfo=None)
    try:
        moment = as_of if isinstance(as_of, datetime) else datetime.fromisoformat(as_of)
    except ValueError as error:
        raise ContractError(f"as-of: {as_of!r} is not a date or time such as 2018-10-01") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
