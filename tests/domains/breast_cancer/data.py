"""The data: a row a biopsy, in no order of time. Source: the Wisconsin data that comes with scikit-learn."""

from pathlib import Path
from typing import Any

MEASURED = (
    *("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points"),
    *("symmetry", "fractal_dimension"),
)
FEATURES = [f"{kind}_{name}" for kind in ("mean", "error", "worst") for name in MEASURED]
IDENTIFIER, LABEL = "id", "malignant"


def generate(path: Path, *, rows: int = 569) -> None:
    """Write the first rows of the data as one parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from sklearn.datasets import load_breast_cancer

    values, benign = load_breast_cancer(return_X_y=True)
    if not 0 < rows <= len(benign):
        raise ValueError(f"rows must be 1 to {len(benign)}, not {rows}")
    columns = {IDENTIFIER: range(rows), **dict(zip(FEATURES, values[:rows].T, strict=True))}
    pq.write_table(pa.table({**columns, LABEL: 1 - benign[:rows]}), path)


def check(path: Path, **options: Any) -> dict[str, Any]:
    """Hold landed data against the contract: every column, a number in every place. Raises ValueError."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    del options  # there is no time that could be too old
    table = ds.dataset(path, format="parquet").to_table()
    if lacking := [name for name in (IDENTIFIER, *FEATURES, LABEL) if name not in table.column_names]:
        raise ValueError(f"{path}: column {lacking[0]} is missing")
    if empty := [name for name in FEATURES if not pc.all(pc.is_finite(table[name]), skip_nulls=False).as_py()]:
        raise ValueError(f"{path}: column {empty[0]} has a place without a number")
    return {"rows": len(table), LABEL: pc.sum(table[LABEL]).as_py()}
