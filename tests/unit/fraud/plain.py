"""The features said as plainly as possible, twice: by what each means, and by the table of windows in Python.

A history is a list of rows; the TRANSACTION_ID of a row is its index. Nothing here is quick.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from fraud.features.passes import Row as TableRow
from fraud.features.passes import rows_by_name
from fraud.features.windows import BEFORE, COLUMNS, FEATURES, Window

DAY = 86_400


class Row(NamedTuple):
    """A transaction: its second, who and where, the amount, whether it is fraud and the second of the report."""

    moment: int
    customer: int
    terminal: int
    cents: int
    fraud: int
    reported: int | None = None

    def known_as(self, now: int) -> int:
        """The label 7 days later or more."""
        return int(self.fraud and (self.reported is None or self.reported <= now))


class Plain:
    """The features by their meaning."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    @cached_property
    def ratios(self) -> list[float]:
        """Of each row: its amount to the card's usual one."""
        return [self._ratio(own) for own in range(len(self.rows))]

    def _ratio(self, own: int) -> float:
        now, card = self.rows[own].moment, self.rows[own].customer
        earlier = [row.cents for at, row in enumerate(self.rows) if row.customer == card and self._before(at, own)]
        so_far = sum(earlier) / 100 / len(earlier) if earlier else 54
        genuine = [
            row.cents
            for row in self.rows
            if row.customer == card and row.moment <= now - 7 * DAY and not row.known_as(now)
        ]
        return self.rows[own].cents / 100 / ((sum(genuine) / 100 + so_far) / (len(genuine) + 1) + 0.01)

    def _before(self, one: int, other: int) -> bool:
        return (self.rows[one].moment, one) < (self.rows[other].moment, other)

    def of(self, own: int) -> dict[str, Any]:
        """All features of a row."""
        return {"TX_AMOUNT": self.rows[own].cents / 100} | self._time(own) | self._card(own) | self._terminal(own)

    def _time(self, own: int) -> dict[str, Any]:
        when = datetime.fromtimestamp(self.rows[own].moment, UTC)
        return {"TX_DURING_WEEKEND": int(when.weekday() >= 5), "TX_DURING_NIGHT": int(when.hour <= 6)}

    def _card(self, own: int) -> dict[str, Any]:
        now, card = self.rows[own].moment, self.rows[own].customer
        found: dict[str, Any] = {"AMOUNT_TO_USUAL": self.ratios[own]}
        earlier = [at for at, row in enumerate(self.rows) if row.customer == card and self._before(at, own)]
        for days in (1, 7, 30):
            amounts = [self.rows[at].cents for at in [*earlier, own] if self.rows[at].moment > now - days * DAY]
            found[f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW"] = len(amounts)
            found[f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW"] = float(Fraction(sum(amounts), 100 * len(amounts)))
        for days in (7, 14):
            recent = [at for at in earlier if self.rows[at].moment > now - days * DAY]
            found[f"CUSTOMER_ID_NB_LARGE_TX_{days}DAY_WINDOW"] = sum(self.ratios[at] > 2.5 for at in recent)
        found["CUSTOMER_ID_NB_EARLIER_TX_14DAY_WINDOW"] = len(recent)
        return found

    def _terminal(self, own: int) -> dict[str, Any]:
        now = self.rows[own].moment
        labelled = [
            at
            for at, row in enumerate(self.rows)
            if row.terminal == self.rows[own].terminal and row.moment <= now - 7 * DAY
        ]
        found: dict[str, Any] = {}
        for days in (1, 7, 30):
            frauds = [
                self.rows[at].known_as(now) for at in labelled if self.rows[at].moment > now - (7 + days) * DAY
            ]
            found[f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW"] = len(frauds)
            found[f"TERMINAL_ID_RISK_{days}DAY_WINDOW"] = sum(frauds) / len(frauds) if frauds else 0
        genuine = [self.rows[at].moment for at in labelled if not self.rows[at].known_as(now)]
        unexplained = [
            self.rows[at].moment
            for at in labelled
            if self.rows[at].known_as(now) and self.rows[at].cents <= 22_000 and self.ratios[at] < 2.5
        ]
        for days in (7, 28):
            recent = [moment for moment in unexplained if moment > now - (7 + days) * DAY]
            found[f"TERMINAL_ID_NB_UNEXPLAINED_{days}DAY_WINDOW"] = len(recent)
        found["TERMINAL_ID_DAYS_SINCE_FIRST_UNEXPLAINED"] = (now - min(recent)) / DAY if recent else 99
        found["TERMINAL_ID_DAYS_SINCE_LAST_UNEXPLAINED"] = (now - max(unexplained)) / DAY if unexplained else 999
        found["TERMINAL_ID_DAYS_SINCE_LAST_GENUINE"] = (now - max(genuine)) / DAY if genuine else 999
        return found


# What formulas may call, in Python; a window that found nothing is not a number there.
FUNCTIONS = {
    "IF": lambda condition, yes, no: yes if condition else no,
    "GREATEST": max,
    "COALESCE": lambda value, otherwise: otherwise if math.isnan(value) else value,
    "FLOOR": math.floor,
    "MOD": lambda number, by: number % by,
}


class ByTable:
    """The features by the rows of the table, their formulas evaluated by Python."""

    def __init__(self, rows: list[Row], features: Iterable[TableRow] = FEATURES) -> None:
        self.rows = rows
        self.features = tuple(features)
        self.table = rows_by_name(self.features)
        self._found: dict[tuple[str, int], Any] = {}

    def of(self, own: int) -> dict[str, Any]:
        """All features of a row."""
        return {row.name: self.value(row.name, own) for row in self.features}

    def value(self, name: str, own: int) -> Any:
        """A window or a formula, for a row."""
        if (name, own) not in self._found:
            row = self.table[name]
            value = self._window(row, own) if isinstance(row, Window) else self._formula(row.expression, own)
            self._found[name, own] = value
        return self._found[name, own]

    def _formula(self, text: str, own: int, label: int | None = None) -> Any:
        return eval(text, {"__builtins__": {}}, _Names(self, own, label))  # noqa: S307 - the table's own text

    def _window(self, window: Window, own: int) -> Any:
        now, column = self.rows[own].moment, COLUMNS[window.column]
        seen = []
        for at, row in enumerate(self.rows):
            if getattr(row, window.key.removesuffix("_ID").lower()) != getattr(
                self.rows[own], window.key.removesuffix("_ID").lower()
            ):
                continue
            if window.until <= 0:
                inside = (row.moment, at) < (now, own) or (window.until != BEFORE and at == own)
            else:
                inside = row.moment <= now - window.until * DAY
            young = window.after is None or row.moment > now - window.after * DAY
            if inside and young and self._formula(column.where, at, row.known_as(now)) > 0:
                seen.append((row.moment, self._formula(column.value, at, row.known_as(now))))
        moments, total = [moment for moment, _ in seen], sum(value for _, value in seen)
        return {
            "count": len(seen),
            "total": total,
            "mean": float(Fraction(total, max(len(seen), 1) * column.units)),
            "first": min(moments, default=math.nan),
            "last": max(moments, default=math.nan),
        }[window.kind]


class _Names(Mapping[str, Any]):
    """What the names in a formula are, for a row; the label is as it is known to who looks."""

    def __init__(self, table: ByTable, own: int, label: int | None) -> None:
        self.table, self.own, self.label = table, own, label

    def __getitem__(self, name: str) -> Any:
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        row = self.table.rows[self.own]
        known = {"TX_EPOCH": row.moment, "CENTS": row.cents} | (
            {} if self.label is None else {"TX_FRAUD": self.label}
        )
        return known[name] if name in known else self.table.value(name, self.own)

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError
