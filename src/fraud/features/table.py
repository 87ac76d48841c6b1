"""The table of features that `prepare` writes, read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fraud.errors import FeaturesError

if TYPE_CHECKING:
    import pyarrow as pa

IDENTIFIERS = ("TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID")
LABEL = "TX_FRAUD"
SCENARIO = "TX_FRAUD_SCENARIO"
"""Which kind of fraud a row is, where the data says; never a feature."""
REPORTED = "TX_FRAUD_REPORTED"
"""When a fraud became known, where the data says; never a feature."""
ASIDE = (*IDENTIFIERS, LABEL, SCENARIO, REPORTED)
"""The columns that are no features."""


@dataclass(frozen=True)
class Feature:
    """A column that models see: its name, and whether its values are whole numbers."""

    name: str
    whole: bool


class FeatureTable:
    """The file features.parquet of a folder: one row a transaction, in order of time."""

    def __init__(self, folder: Path, without: Sequence[str] = ()) -> None:
        """Open the file; `features` then leaves out those of `without`.

        Raises FeaturesError if it is not there or not such a table, or has no feature of such a name.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = folder / "features.parquet"
        if not self.path.is_file():
            raise FeaturesError(f"{self.path}: no such file; it is what `python -m fraud.features.prepare` writes")
        try:
            self._file = pq.ParquetFile(self.path)
        except (pa.ArrowException, OSError) as error:
            raise FeaturesError(f"{self.path}: cannot be read: {str(error).splitlines()[0]}") from error
        schema = self._file.schema_arrow
        if lacking := [name for name in (*IDENTIFIERS, LABEL) if name not in schema.names]:
            raise FeaturesError(f"{self.path}: column {lacking[0]} is missing; run prepare again")
        self.reported = REPORTED in schema.names
        # Every column but these is a feature, so that features.sql alone
        # says what the features are.
        found = tuple(
            Feature(field.name, pa.types.is_integer(field.type)) for field in schema if field.name not in ASIDE
        )
        known = [feature.name for feature in found]
        if unknown := [name for name in without if name not in known]:
            raise FeaturesError(
                f"{self.path}: there is no feature {unknown[0]} to leave out; its are {', '.join(known)}"
            )
        self.features = tuple(feature for feature in found if feature.name not in without)

    def span(self) -> tuple[datetime, datetime]:
        """The times of the first and the last transaction, in UTC."""
        metadata = self._file.metadata
        if not metadata.num_rows:
            raise FeaturesError(f"{self.path}: no rows")
        column = self._file.schema_arrow.names.index("TX_DATETIME")
        parts = [metadata.row_group(i).column(column).statistics for i in range(metadata.num_row_groups)]
        return min(part.min for part in parts), max(part.max for part in parts)

    def between(self, start: datetime, end: datetime, columns: list[str] | None = None) -> "pa.Table":
        """The rows with start <= TX_DATETIME < end; only the row groups that hold such rows are read."""
        import pyarrow.parquet as pq

        return pq.read_table(
            self.path,
            columns=columns,
            partitioning=None,
            filters=[("TX_DATETIME", ">=", start), ("TX_DATETIME", "<", end)],
        )


def matrix(rows: "pa.Table", names: list[str]) -> npt.NDArray[np.float32]:
    """The named columns as a matrix (rows × names) of float32, the type that an exported model computes with."""
    return np.column_stack([rows[name].to_numpy().astype(np.float32) for name in names])
