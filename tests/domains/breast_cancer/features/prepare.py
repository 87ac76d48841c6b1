"""The step `prepare`: the contract, then the features; here they are the data's own columns."""

import argparse
import json
import sys
from pathlib import Path

from fraud.data import check
from fraud.table import FILE, exit_code_of


def main() -> int:
    """The command line of the step."""
    parser = argparse.ArgumentParser()
    for name in ("--transactions", "--features", "--validation"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--as-of")
    parser.add_argument("--max-age-days", type=float)
    options = parser.parse_args()

    def prepare() -> str:
        import pyarrow.dataset as ds
        import pyarrow.parquet as pq

        found = check(options.transactions)
        options.features.mkdir(parents=True, exist_ok=True)
        options.validation.mkdir(parents=True, exist_ok=True)
        rows = ds.dataset(options.transactions, format="parquet").to_table()
        pq.write_table(rows, options.features / FILE)
        (options.validation / "validation.json").write_text(json.dumps(found))
        return f"{found['rows']} rows"

    return exit_code_of(prepare)


if __name__ == "__main__":
    sys.exit(main())
