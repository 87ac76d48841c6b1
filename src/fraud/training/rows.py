"""The rows that a training reads: once, and none from the test on."""

from datetime import date

import numpy as np
import numpy.typing as npt

from fraud.errors import FeaturesError, WindowError
from fraud.features.table import IDENTIFIERS, LABEL, REPORTED, FeatureTable, matrix
from fraud.split import Windows, days_since, known_from, midnight, tested


class Rows:
    """Rows of features.parquet from one day to before another, one element or line each in every array.

    `inputs` are rows × features in float32, as the exported model takes them: so both see the same numbers on the
    same side of every threshold.
    """

    def __init__(self, table: FeatureTable, start: date, end: date) -> None:
        """Read them. Raises FeaturesError for a feature without a finite number in every row."""
        if not table.features:
            raise FeaturesError(f"{table.path}: has no feature besides {', '.join((*IDENTIFIERS, LABEL))}")
        rows = table.between(midnight(start), midnight(end))
        self.start = start
        self.features = [feature.name for feature in table.features]
        self.time = rows["TX_DATETIME"].to_numpy()
        self.day = days_since(start, self.time)
        self.card = rows["CUSTOMER_ID"].to_numpy()
        self.label: npt.NDArray[np.int64] = rows[LABEL].to_numpy().astype(np.int64)
        self.reported = rows[REPORTED].to_numpy() if table.reported else None
        self.inputs = matrix(rows, self.features)
        for name, values in zip(self.features, self.inputs.T, strict=True):
            missing = np.flatnonzero(~np.isfinite(values))
            if len(missing):
                which = "every row" if len(missing) == len(values) else f"{len(missing)} of {len(values)} rows"
                raise FeaturesError(
                    f"{table.path}: feature {name} has no finite number in {which} from {start} to {end} "
                    f"(exclusive), the first at {self.time[missing[0]]}; give each row a number, or drop it"
                )

    def trained_on(self, window: Windows) -> npt.NDArray[np.bool_]:
        """The rows of a training window; raises WindowError if they are not of both kinds."""
        start, end = ((day - self.start).days for day in (window.train_start, window.train_end))
        chosen = (self.day >= start) & (self.day < end)
        self._both_kinds(
            chosen,
            self.known(window),
            f"{window.train_start} to {window.train_end} (exclusive)",
            "a model needs both kinds: choose another test_start or more train_days",
        )
        return chosen

    def tested_on(self, window: Windows) -> npt.NDArray[np.bool_]:
        """The rows of a test window, without known cards; raises WindowError if they are not of both kinds."""
        chosen = tested(window, self.time, self.card, self.label, self.reported)
        self._both_kinds(
            chosen,
            self.label,
            f"the validation from {window.test_start} to {window.test_end} (exclusive)",
            "metrics need both kinds: choose another test_start or fewer validation_weeks",
        )
        return chosen

    def known(self, window: Windows) -> npt.NDArray[np.int64]:
        """The label of each row as it is known when the test begins: a fraud reported later counts as genuine.

        So production would train, too; and the windows over labels see a fraud no earlier.
        """
        late = None if self.reported is None else days_since(self.start, self.reported)
        known = known_from(self.day, self.label, window.delay_days, late)
        return (known <= (window.test_start - self.start).days).astype(np.int64)

    @staticmethod
    def _both_kinds(chosen: npt.NDArray[np.bool_], label: npt.NDArray[np.int64], which: str, advice: str) -> None:
        count, frauds = int(chosen.sum()), int(label[chosen].sum())
        if not 0 < frauds < count:
            raise WindowError(f"{which} has {count} transactions and {frauds} frauds; {advice}")
