"""The definition of the features: one table of windows and formulas, from which query.py makes features.sql.

A window takes in, at time t, the transactions of the same key in (t - after, t - until], in days and to the
second: one that is exactly `after` days old is out, one that is exactly `until` days old is in. Until 0 the
transaction itself is in; among transactions of the same second the one with the smaller TRANSACTION_ID came first,
and does not see the others. No window sees what comes after, and none a label before it is known.

A formula is valid in SQL and in Python: + - * / and comparisons, IF, GREATEST, COALESCE, FLOOR and MOD. The names
in it are those of windows, of other formulas and of what a row has: TX_EPOCH (seconds since 1970), CENTS (the
amount in whole minor units) and, in a column only, TX_FRAUD (the label as it is known when the window looks). A
column names formulas, no windows.

The first fourteen features are those of the Fraud Detection Handbook, chapter 3. The others are the ones that pay
most of some fifty that were tried: what a card usually spends, and frauds that nothing but the terminal explains.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fraud.data import LABEL_DAYS, MINOR_UNITS, TOTAL_BITS
from fraud.features.assumptions import LARGE, LARGEST_GENUINE

DAY = 86_400
BEFORE = -1  # as `until`: up to the transaction, without itself

# A card's usual amount starts from what it has spent in the mean so far, or from what cards spend in the mean,
# which weighs as much as this number of its genuine transactions.
MEAN_AMOUNT, MEAN_WEIGHT = 54, 1
SMALLEST_AMOUNT = 0.01  # kept away from a division by nothing

# What the days since something are, if there was none: more than any that there can be.
NONE_WITHIN, NEVER = 99, 999


@dataclass(frozen=True)
class Column:
    """What windows add up, of the rows where `where` is above 0: a whole number of 0 or more a row.

    `units`: so many to the unit that a mean is given in. The total of a window must stay below 2^bits, its count
    below 2^(63 - bits).
    """

    value: str
    units: int = 1
    bits: int = 31
    where: str = "1"

    @property
    def formulas(self) -> str:
        """What it is made of."""
        return f"{self.where} {self.value}"

    @property
    def labelled(self) -> bool:
        """Whether it hangs on labels, which are known later than the transactions."""
        return "TX_FRAUD" in self.formulas


@dataclass(frozen=True)
class Window:
    """Whose transactions, what of them, those of which days (`after` None: all that were), and given as what.

    Kinds: the "count", "total" or "mean" of the column, the mean of nothing being 0; or the TX_EPOCH of the
    "first" or "last" of its rows, null if there is none.
    """

    name: str
    key: str
    column: str
    after: int | None
    until: int
    kind: str


@dataclass(frozen=True)
class Formula:
    """A value that is computed from others of the same row."""

    name: str
    expression: str


COLUMNS = {
    "CENTS": Column("CENTS", MINOR_UNITS, TOTAL_BITS),
    "FRAUDS": Column("TX_FRAUD"),
    "GENUINE": Column("CENTS", MINOR_UNITS, TOTAL_BITS, where="1 - TX_FRAUD"),
    "LARGE": Column(f"IF(AMOUNT_TO_USUAL > {LARGE}, 1, 0)"),
    # Frauds that neither their amount nor the card's habits explain: what is left is the terminal.
    "UNEXPLAINED": Column(
        "1",
        where=f"TX_FRAUD * IF(CENTS <= {LARGEST_GENUINE * MINOR_UNITS}, IF(AMOUNT_TO_USUAL < {LARGE}, 1, 0), 0)",
    ),
}


def _handbook(key: str, column: str, until: int, mean: str) -> Iterable[Window]:
    for days in (1, 7, 30):
        for name, kind in (("NB_TX", "count"), (mean, "mean")):
            yield Window(f"{key}_{name}_{days}DAY_WINDOW", key, column, days + until, until, kind)


# A card's own past is known at once; whether a transaction was fraud, only LABEL_DAYS later.
HANDBOOK: tuple[Window | Formula, ...] = (
    # 1970-01-01 was a Thursday: three days on, days 0 to 4 of a week are Monday to Friday. Night ends at 07:00:00:
    # the handbook takes the hours 0 to 6.
    Formula("TX_DURING_WEEKEND", f"IF(MOD(FLOOR(TX_EPOCH / {DAY}) + 3, 7) >= 5, 1, 0)"),
    Formula("TX_DURING_NIGHT", f"IF(MOD(TX_EPOCH, {DAY}) < {7 * 3600}, 1, 0)"),
    *_handbook("CUSTOMER_ID", "CENTS", 0, "AVG_AMOUNT"),
    *_handbook("TERMINAL_ID", "FRAUDS", LABEL_DAYS, "RISK"),
)

# What features are made of, and models do not see.
PARTS: tuple[Window | Formula, ...] = (
    Window("EARLIER_NUMBER", "CUSTOMER_ID", "CENTS", None, BEFORE, "count"),
    Window("EARLIER_CENTS", "CUSTOMER_ID", "CENTS", None, BEFORE, "total"),
    Window("GENUINE_NUMBER", "CUSTOMER_ID", "GENUINE", None, LABEL_DAYS, "count"),
    Window("GENUINE_CENTS", "CUSTOMER_ID", "GENUINE", None, LABEL_DAYS, "total"),
    Formula(
        "MEAN_SO_FAR",
        f"IF(EARLIER_NUMBER > 0, EARLIER_CENTS / {MINOR_UNITS} / GREATEST(EARLIER_NUMBER, 1), {MEAN_AMOUNT})",
    ),
    Formula(
        "USUAL_AMOUNT",
        f"(GENUINE_CENTS / {MINOR_UNITS} + {MEAN_WEIGHT} * MEAN_SO_FAR) / (GENUINE_NUMBER + {MEAN_WEIGHT})",
    ),
    Window("FIRST_UNEXPLAINED", "TERMINAL_ID", "UNEXPLAINED", 28 + LABEL_DAYS, LABEL_DAYS, "first"),
    Window("LAST_UNEXPLAINED", "TERMINAL_ID", "UNEXPLAINED", None, LABEL_DAYS, "last"),
    Window("LAST_GENUINE", "TERMINAL_ID", "GENUINE", None, LABEL_DAYS, "last"),
)


def _days_since(moment: str, otherwise: int) -> str:
    return f"COALESCE((TX_EPOCH - {moment}) / {DAY}, {otherwise})"


FURTHER: tuple[Window | Formula, ...] = (
    Formula("AMOUNT_TO_USUAL", f"CENTS / {MINOR_UNITS} / (USUAL_AMOUNT + {SMALLEST_AMOUNT})"),
    # Earlier ones only: whether the amount itself is large, AMOUNT_TO_USUAL says. What LARGE counts, are all.
    Window("CUSTOMER_ID_NB_LARGE_TX_7DAY_WINDOW", "CUSTOMER_ID", "LARGE", 7, BEFORE, "total"),
    Window("CUSTOMER_ID_NB_LARGE_TX_14DAY_WINDOW", "CUSTOMER_ID", "LARGE", 14, BEFORE, "total"),
    Window("CUSTOMER_ID_NB_EARLIER_TX_14DAY_WINDOW", "CUSTOMER_ID", "LARGE", 14, BEFORE, "count"),
    Window(
        "TERMINAL_ID_NB_UNEXPLAINED_7DAY_WINDOW", "TERMINAL_ID", "UNEXPLAINED", 7 + LABEL_DAYS, LABEL_DAYS, "count"
    ),
    Window(
        "TERMINAL_ID_NB_UNEXPLAINED_28DAY_WINDOW",
        "TERMINAL_ID",
        "UNEXPLAINED",
        28 + LABEL_DAYS,
        LABEL_DAYS,
        "count",
    ),
    Formula("TERMINAL_ID_DAYS_SINCE_FIRST_UNEXPLAINED", _days_since("FIRST_UNEXPLAINED", NONE_WITHIN)),
    Formula("TERMINAL_ID_DAYS_SINCE_LAST_UNEXPLAINED", _days_since("LAST_UNEXPLAINED", NEVER)),
    Formula("TERMINAL_ID_DAYS_SINCE_LAST_GENUINE", _days_since("LAST_GENUINE", NEVER)),
)

FEATURES = HANDBOOK + FURTHER
