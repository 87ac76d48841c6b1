"""What keeps the rules and is worth a look. It is reported; data is refused for it where the policy says so."""

from collections.abc import Mapping
from datetime import date, timedelta
from statistics import fmean
from typing import Any

from fraud.data.policy import Policy

TRAILING = 28
"""The days before a day that its volume is compared with; a day with fewer than LEAST before it is not judged."""
LEAST = 7


def alarms(facts: Mapping[str, Any], by_day: Mapping[date, int], policy: Policy) -> list[dict[str, Any]]:
    """All alarms: name, subject, value, limit and one sentence."""
    found = low_volume(by_day, policy)
    frauds, rows = facts["frauds"], facts["rows"]
    if frauds in (0, rows):
        what = "no transaction is a fraud" if not frauds else "every transaction is a fraud"
        found.append(_alarm("one-class", "TX_FRAUD", frauds, 1, f"{what}, of {rows}: nothing can be learnt"))
    for name, number in facts.items():
        if name.endswith(" empty") and number == rows:
            column = name.removesuffix(" empty")
            found.append(
                _alarm("empty-column", column, rows, rows - 1, f"column {column} has no value in any row")
            )
    return found


def low_volume(by_day: Mapping[date, int], policy: Policy) -> list[dict[str, Any]]:
    """The alarms for days with too few transactions, oldest first.

    Judged are the newest `volume_days` that are over by the policy's now. A day without transactions between
    others is a day with none.
    """
    first, last = min(by_day), max(by_day)
    found = []
    for back in range(int(policy.volume_days) - 1, -1, -1):
        day = last - timedelta(days=back)
        before = [day - timedelta(days=n) for n in range(1, TRAILING + 1) if day - timedelta(days=n) >= first]
        over = policy.now.date() > day
        if not over or len(before) < LEAST or day in policy.quiet_days:
            continue
        number, mean = by_day.get(day, 0), fmean(by_day.get(each, 0) for each in before)
        if number < policy.min_volume_share * mean:
            said = (
                f"{number} transactions on {day}, {number / mean:.0%} of the mean of the {len(before)} days "
                f"before ({mean:.0f}); {policy.min_volume_share:.0%} are expected"
            )
            found.append(_alarm("volume", day.isoformat(), number, policy.min_volume_share * mean, said))
    return found


def _alarm(name: str, subject: str, value: float, limit: float, text: str) -> dict[str, Any]:
    return {"alarm": name, "subject": subject, "value": value, "limit": limit, "text": text}
