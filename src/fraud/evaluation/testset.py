"""The rows that candidates are judged on, and what is known of their cards and terminals from before."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fraud.errors import FeaturesError, ModelError, WindowError
from fraud.evaluation.candidate import Candidate
from fraud.evaluation.metrics import Rows
from fraud.evaluation.statistics import Floats, Whole
from fraud.features.table import LABEL, REPORTED, SCENARIO, FeatureTable, matrix
from fraud.settings import Settings
from fraud.split import days_since, midnight, tested, windows_of

if TYPE_CHECKING:
    import pyarrow as pa

HISTORY_DAYS = 90
"""How far back cards and terminals are looked at: a card seen so long ago is an old one."""
ACTIVITY_DAYS = 28
AMOUNT = "TX_AMOUNT"


@dataclass(frozen=True)
class _History:
    """Rows of the days before the test and of the test, an element each."""

    time: npt.NDArray[np.datetime64]
    card: npt.NDArray[np.int64]
    terminal: npt.NDArray[np.int64]
    fraud: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    """Counted from the first test day."""
    reported: npt.NDArray[np.datetime64] | None
    """When frauds became known; None where the data does not say."""


class TestSet:
    """The rows of the test window, without those of cards already known as compromised.

    The rows do not depend on how long a model was trained: `known_days` of the settings say how far back a card's
    frauds count.
    """

    __test__ = False  # not a test, whatever pytest makes of its name

    def __init__(self, table: FeatureTable, settings: Settings) -> None:
        """Read the rows; raises WindowError if they are not of both kinds, FeaturesError for a null amount."""
        self.table, self.settings = table, settings
        self.window = window = windows_of(*table.span(), settings)
        seen = table.between(midnight(window.test_start), midnight(window.test_end))
        past = self._past = self._history()
        kept = tested(window, past.time, past.card, past.fraud, past.reported)[past.day >= 0]
        self.rows: pa.Table = seen.filter(kept)
        fraud = self.rows[LABEL].to_numpy().astype(np.int64)
        self.cards_left_out = len(np.unique(seen["CUSTOMER_ID"].to_numpy()[~kept]))
        if not 0 < fraud.sum() < len(fraud):
            raise WindowError(
                f"the test window from {window.test_start} to {window.test_end} (exclusive) has {len(fraud)} "
                f"transactions of cards not yet known as compromised, {fraud.sum()} of them frauds; metrics "
                f"need both kinds: choose another test_start or more test_days"
            )
        amount = self.column(AMOUNT)
        if not np.isfinite(amount).all():
            raise FeaturesError(
                f"{table.path}: {AMOUNT} is null or not finite in the test window; run prepare again"
            )
        day = days_since(window.test_start, self.rows["TX_DATETIME"].to_numpy())
        self.judged = Rows.of(day, self.rows["CUSTOMER_ID"].to_numpy(), fraud, amount)

    def column(self, name: str) -> Floats:
        """A column of the test rows as numbers; a null is NaN."""
        return matrix(self.rows, [name])[:, 0].astype(float)

    def score(self, candidate: Candidate) -> npt.NDArray[np.float32]:
        """The candidate's probability of fraud of each row.

        Raises FeaturesError for a feature that is not there, ModelError for scores that are no probabilities.
        """
        if lacking := [name for name in candidate.features if name not in self.rows.column_names]:
            raise FeaturesError(
                f"{candidate.folder}: the model wants the feature {lacking[0]}, which the features lack"
            )
        score = candidate.score(self.inputs(candidate))
        wrong = np.flatnonzero(~((score >= 0) & (score <= 1)))
        if len(wrong):
            transaction = self.rows["TRANSACTION_ID"][int(wrong[0])].as_py()
            raise ModelError(
                f"{candidate.folder}: gives {score[wrong[0]]} for transaction {transaction}, no probability, "
                f"and so for {len(wrong)} of {len(score)} test rows; look for null features there, or train again"
            )
        return score

    def inputs(self, candidate: Candidate) -> npt.NDArray[np.float32]:
        """What the candidate's model is given, a row a transaction."""
        return matrix(self.rows, candidate.features)

    def also_in(self, candidate: Candidate) -> int:
        """The test rows that the model has been trained on, by their TRANSACTION_ID."""
        learned = candidate.trained_on()
        if learned is None:
            return 0
        rows = self.table.between(midnight(learned[0]), midnight(learned[1]), ["TRANSACTION_ID"])
        return int(np.isin(self.rows["TRANSACTION_ID"].to_numpy(), rows["TRANSACTION_ID"].to_numpy()).sum())

    @cached_property
    def card_age(self) -> Whole:
        """For each row the days since the card was first seen, HISTORY_DAYS at most."""
        past = self._past
        cards, index = np.unique(past.card, return_inverse=True)
        first = np.full(len(cards), 0)
        np.minimum.at(first, index, past.day)
        own = np.searchsorted(cards, self.rows["CUSTOMER_ID"].to_numpy())
        age: Whole = self.judged.day - first[own]
        return age

    @cached_property
    def terminal_activity(self) -> Whole:
        """For each row the transactions at its terminal in the ACTIVITY_DAYS before the test."""
        past = self._past
        before = past.terminal[(past.day < 0) & (past.day >= -ACTIVITY_DAYS)]
        terminals, count = np.unique(np.append(before, np.iinfo(np.int64).max), return_counts=True)
        own = self.rows["TERMINAL_ID"].to_numpy()
        place = np.searchsorted(terminals, own)
        return np.where(terminals[place] == own, count[place], 0)

    @cached_property
    def scenario(self) -> Whole | None:
        """For each row the scenario of its fraud, 0 for none; None where the data does not say."""
        if SCENARIO not in self.rows.column_names or self.rows[SCENARIO].null_count:
            return None
        found: Whole = self.rows[SCENARIO].to_numpy()
        return found

    def _history(self) -> _History:
        start = min(self.window.test_start - timedelta(days=HISTORY_DAYS), self.window.known_start)
        names = ["TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", LABEL]
        late = [REPORTED] if self.table.reported else []
        rows = self.table.between(midnight(start), midnight(self.window.test_end), [*names, *late])
        time, card, terminal, fraud = (rows[name].to_numpy() for name in names)
        reported = rows[REPORTED].to_numpy() if late else None
        return _History(time, card, terminal, fraud, days_since(self.window.test_start, time), reported)
