"""The data: a row a patient; how far diabetes went a year later. Source: the data that comes with scikit-learn."""

from pathlib import Path
from typing import Any

FEATURES = ["age", "sex", "bmi", "blood_pressure", *(f"serum_{number}" for number in range(1, 7))]
IDENTIFIER, LABEL = "patient", "progression"


def generate(path: Path, *, skipped: int = 0) -> None:
    """Write the data, without its first rows, as one parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from sklearn.datasets import load_diabetes

    values, progression = load_diabetes(return_X_y=True, scaled=False)
    if not 0 <= skipped < len(progression):
        raise ValueError(f"skipped must be 0 to {len(progression) - 1}, not {skipped}")
    columns = dict(zip(FEATURES, values[skipped:].T, strict=True))
    names = [f"p{number:03}" for number in range(skipped, len(progression))]
    pq.write_table(pa.table({IDENTIFIER: names, **columns, LABEL: progression[skipped:]}), path)


def check(path: Path, **options: Any) -> dict[str, Any]:
    """Hold landed data against the contract: what is measured is above 0. Raises ValueError."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    del options  # there is no time that could be too old
    table = ds.dataset(path, format="parquet").to_table()
    for name in (*FEATURES, LABEL):
        if name not in table.column_names:
            raise ValueError(f"{path}: column {name} is missing")
        if not pc.all(pc.greater(table[name], 0), skip_nulls=False).as_py():
            raise ValueError(f"{path}: column {name} has a place without a number above 0")
    return {"rows": len(table), "mean": pc.mean(table[LABEL]).as_py()}
