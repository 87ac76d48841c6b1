"""features.sql on DuckDB against the Fraud Detection Handbook's approach in pandas: same rows, same process.

    python tests/benchmarks/features.py [--transactions PATH] [--repeat 3] [--check]
    python tests/benchmarks/features.py --large 29000

Needs the packages of environments/train and src on PYTHONPATH. Without --transactions it generates some. Timed are
the handbook's features by SQL and by pandas, and all features by SQL, from the rows in memory to the features in
memory; first the results are compared, with --check that is all that happens. --large generates half a year of so
many customers (29,000: 10 million rows) and runs the step `prepare` on it, in a process of its own.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from fraud.data.generator import generate
from fraud.data.reading import create_views, engine, landed_files
from fraud.features.prepare import FEATURES_SQL
from fraud.features.query import sql
from fraud.features.windows import HANDBOOK

WINDOWS, DELAY = (1, 7, 30), 7


def of_customer(rows: pd.DataFrame) -> pd.DataFrame:
    """One customer's rows with the count and mean amount of each window added."""
    rows = rows.sort_values(["TX_DATETIME", "TRANSACTION_ID"]).set_index("TX_DATETIME", drop=False)
    found = {}
    for days in WINDOWS:
        window = rows["TX_AMOUNT"].rolling(f"{days}D")
        count = window.count()
        found[f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW"] = list(count)
        found[f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW"] = list(window.sum() / count)
    return _added(rows, found)


def of_terminal(rows: pd.DataFrame) -> pd.DataFrame:
    """One terminal's rows with count and share of frauds of each window added: the long window minus the delay."""
    rows = rows.sort_values(["TX_DATETIME", "TRANSACTION_ID"]).set_index("TX_DATETIME", drop=False)
    waiting = rows["TX_FRAUD"].rolling(f"{DELAY}D")
    waiting_frauds, waiting_count = waiting.sum(), waiting.count()
    found = {}
    for days in WINDOWS:
        window = rows["TX_FRAUD"].rolling(f"{DELAY + days}D")
        frauds, count = window.sum() - waiting_frauds, window.count() - waiting_count
        found[f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW"] = list(count)
        found[f"TERMINAL_ID_RISK_{days}DAY_WINDOW"] = list((frauds / count).fillna(0))
    return _added(rows, found)


def _added(rows: pd.DataFrame, found: dict[str, list[float]]) -> pd.DataFrame:
    for name, values in found.items():
        rows[name] = values
    return rows.reset_index(drop=True)


def with_pandas(rows: pd.DataFrame) -> pd.DataFrame:
    """The handbook's way, in its steps: a function a row for the time of day, one a group for the windows."""
    rows = rows.copy()
    rows["TX_DURING_WEEKEND"] = rows["TX_DATETIME"].apply(lambda time: int(time.weekday() >= 5))
    rows["TX_DURING_NIGHT"] = rows["TX_DATETIME"].apply(lambda time: int(time.hour <= 6))
    for column, function in (("CUSTOMER_ID", of_customer), ("TERMINAL_ID", of_terminal)):
        parts = [function(group) for _, group in rows.groupby(column)]
        rows = pd.concat(parts).sort_values("TX_DATETIME").reset_index(drop=True)
    return rows.set_index("TRANSACTION_ID").sort_index().filter(regex="DURING|WINDOW")


def largest_difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> float:
    """Over all features and rows; the columns of `theirs` are those that the handbook computes."""
    ours = ours.set_index("TRANSACTION_ID").sort_index()
    return float(np.abs(ours[theirs.columns].to_numpy(float) - theirs.to_numpy(float)).max())


def large(customers: int) -> int:
    """Generate, run the step `prepare`, print what it took."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, made_of = Path(temporary), Path(temporary) / "transactions.parquet"
        made = generate(made_of, customers=customers, terminals=2 * customers, days=183, radius=2.5)
        begin = time.perf_counter()
        paths = {name: folder / name for name in ("features", "validation")} | {"transactions": made_of}
        options = [text for name, path in paths.items() for text in (f"--{name}", str(path))]
        run = subprocess.run([sys.executable, "-m", "fraud.features.prepare", *options], check=False)
        wall, used = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(
        f"{made['rows']} rows: {wall:.0f} s, {used.ru_utime + used.ru_stime:.0f} processor seconds, "
        f"peak memory {used.ru_maxrss / 2**20:.2f} GiB\n"
    )
    return run.returncode


def main() -> int:
    """Compare, then time all in turn and print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transactions", type=Path, help="a file or folder; default: generated ones")
    parser.add_argument("--customers", type=int, default=500, help="customers to generate (500)")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="compare the results and stop")
    parser.add_argument("--large", type=int, metavar="CUSTOMERS", help="time and memory of `prepare` instead")
    options = parser.parse_args()
    if options.large:
        return large(options.large)
    with tempfile.TemporaryDirectory() as folder, engine() as connection:
        path = options.transactions or Path(folder) / "transactions.parquet"
        if options.transactions is None:
            generate(path, customers=options.customers, terminals=2 * options.customers, days=60)
        create_views(connection, landed_files(path))
        connection.execute("CREATE TABLE rows AS SELECT * FROM transactions")
        connection.execute("CREATE OR REPLACE VIEW transactions AS SELECT * FROM rows")
        rows = connection.execute("SELECT * FROM rows ORDER BY TX_DATETIME, TRANSACTION_ID").df()
        queries = {"features.sql": FEATURES_SQL.read_text(encoding="utf-8"), "the handbook's": sql(HANDBOOK)}
        theirs = with_pandas(rows)
        difference = max(largest_difference(connection.execute(query).df(), theirs) for query in queries.values())
        sys.stdout.write(f"{len(rows)} rows, largest difference of a feature {difference:.1g}\n")
        if difference > 1e-6:
            return 1
        if options.check:
            return 0
        ways: dict[str, Callable[[], object]] = {
            way: partial(connection.execute, f"CREATE OR REPLACE TABLE features AS {query}")
            for way, query in queries.items()
        } | {"pandas": lambda: with_pandas(rows)}
        # Processor seconds, of all threads, too: they say something where others use the machine as well.
        clocks = {"wall": time.perf_counter, "processor": time.process_time}
        spent: dict[tuple[str, str], list[float]] = {(way, clock): [] for way in ways for clock in clocks}
        for _ in range(options.repeat):
            for way, run in ways.items():
                begin = {clock: now() for clock, now in clocks.items()}
                run()
                for clock, now in clocks.items():
                    spent[way, clock].append(now() - begin[clock])
    for clock in clocks:
        whole, ours, theirs = (statistics.median(spent[way, clock]) for way in ways)
        sys.stdout.write(
            f"{clock}: the handbook's features by SQL {ours:.2f} s, by pandas {theirs:.2f} s: "
            f"{theirs / ours:.1f} times faster; all features {whole:.2f} s\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
