"""A generator of card transactions: the process of the Fraud Detection Handbook's simulator, vectorised.

Chapter 3, "Transaction data simulator". Customers and terminals lie on a map of 100 × 100; a customer pays at
terminals within a radius, around noon, amounts around an own mean. Then three kinds of fraud are added. The draws
are this module's own, so the data is statistically as the handbook's, not equal to it.
"""

import os
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraud.errors import GeneratorError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SECONDS_A_DAY = 86_400
LARGE_AMOUNT = 220.0
TERMINALS_A_DAY, TERMINAL_DAYS = 2, 28
CUSTOMERS_A_DAY, CUSTOMER_DAYS, MULTIPLIED, MULTIPLIER = 3, 14, 1 / 3, 5.0

Columns = dict[str, "npt.NDArray[Any]"]


def generate(
    path: str | Path,
    *,
    customers: int = 5000,
    terminals: int = 10000,
    days: int = 183,
    start: str = "2018-04-01",
    seed: int = 0,
    radius: float = 5.0,
) -> dict[str, Any]:
    """Write a parquet file of transactions and return their numbers, those of frauds by scenario included.

    The same arguments give the same bytes (with the same numpy and pyarrow). `start` is the first day, `radius`
    the distance on the map at which a customer reaches a terminal. Raises GeneratorError for impossible sizes.
    """
    import numpy as np

    first_day = _checked(customers, terminals, days, start, seed, radius)
    rng = np.random.default_rng(seed)
    drawn = _transactions(rng, customers, terminals, days, radius)
    if not len(drawn["second"]):
        raise GeneratorError(
            "no customer has a terminal within reach and a transaction: raise customers, terminals or radius"
        )
    _add_frauds(rng, drawn, customers, terminals, days)
    _write(Path(path), drawn, first_day)
    scenarios = np.bincount(drawn["scenario"], minlength=4)
    return {
        "rows": len(drawn["second"]),
        "frauds": int(scenarios[1:].sum()),
        "frauds_by_scenario": {str(kind): int(scenarios[kind]) for kind in (1, 2, 3)},
        "customers": len(np.unique(drawn["customer"])),
        "terminals": len(np.unique(drawn["terminal"])),
        "days": days,
        "seed": seed,
    }


def _checked(customers: int, terminals: int, days: int, start: str, seed: int, radius: float) -> date:
    least = {
        "customers": (customers, CUSTOMERS_A_DAY),
        "terminals": (terminals, TERMINALS_A_DAY),
        "days": (days, 1),
        "seed": (seed, 0),
    }
    for name, (value, minimum) in least.items():
        if value < minimum:
            raise GeneratorError(f"{name} must be {minimum} or more, not {value}")
    if not radius > 0:
        raise GeneratorError(f"radius must be above 0, not {radius}")
    try:
        return date.fromisoformat(start)
    except ValueError as error:
        raise GeneratorError(f"start: {start!r} is not a date such as 2018-04-01") from error


def _transactions(rng: "np.random.Generator", customers: int, terminals: int, days: int, radius: float) -> Columns:
    """Genuine transactions in order of time: second since the start, customer, terminal, amount."""
    import numpy as np

    home = rng.uniform(0, 100, (customers, 2))
    mean_amount = rng.uniform(5, 100, customers)
    a_day = rng.uniform(0, 4, customers)
    offset, within = _reachable(home, rng.uniform(0, 100, (terminals, 2)), radius)
    reached = np.diff(offset)

    number = rng.poisson(np.where(reached > 0, a_day, 0)[:, None], (customers, days))
    customer = np.repeat(np.arange(customers), number.sum(axis=1))
    day = np.repeat(np.tile(np.arange(days), customers), number.ravel())
    # Seconds of the day, cut to whole ones; what falls outside the day is dropped, as in the handbook.
    second = np.trunc(rng.normal(SECONDS_A_DAY / 2, 20_000, len(customer))).astype(np.int64)
    inside = (second > 0) & (second < SECONDS_A_DAY)
    customer, second = customer[inside], second[inside] + day[inside] * SECONDS_A_DAY

    mean = mean_amount[customer]
    amount = rng.normal(mean, mean / 2)
    amount = np.where(amount < 0, rng.uniform(0, 2 * mean), amount).round(2)
    terminal = within[offset[customer] + (rng.random(len(customer)) * reached[customer]).astype(np.int64)]
    order = np.argsort(second, kind="stable")
    return {
        "second": second[order],
        "customer": customer[order],
        "terminal": terminal[order],
        "amount": amount[order],
    }


def _reachable(
    home: "npt.NDArray[np.float64]", terminal: "npt.NDArray[np.float64]", radius: float
) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    """The terminals within reach of each customer c: within[offset[c] : offset[c + 1]]."""
    import numpy as np

    counts, found = [], []
    step = max(1, 4_000_000 // len(terminal))  # so that the table of distances stays at some 60 MB
    for begin in range(0, len(home), step):
        apart = home[begin : begin + step, None, :] - terminal[None, :, :]
        row, column = np.nonzero((apart**2).sum(axis=2) < radius**2)
        counts.append(np.bincount(row, minlength=len(apart)))
        found.append(column)
    offset = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    return offset, np.concatenate(found)


def _add_frauds(rng: "np.random.Generator", drawn: Columns, customers: int, terminals: int, days: int) -> None:
    """Add `scenario` (0: genuine) and raise the amounts of scenario 3; a later scenario overrides an earlier."""
    import numpy as np

    day = drawn["second"] // SECONDS_A_DAY
    scenario = np.where(drawn["amount"] > LARGE_AMOUNT, 1, 0)

    # As in the handbook, nothing is compromised on the last day.
    compromised = np.zeros((terminals, days), dtype=bool)
    for today in range(days - 1):
        chosen = rng.choice(terminals, TERMINALS_A_DAY, replace=False)
        compromised[chosen, today : today + TERMINAL_DAYS] = True
    scenario[compromised[drawn["terminal"], day]] = 2

    # All transactions of a customer side by side, in order of time.
    by_customer = np.argsort(drawn["customer"], kind="stable")
    begin = np.searchsorted(drawn["customer"][by_customer], np.arange(customers + 1))
    for today in range(days - 1):
        open_now = []
        for customer in rng.choice(customers, CUSTOMERS_A_DAY, replace=False):
            own = by_customer[begin[customer] : begin[customer + 1]]
            open_now.append(own[(day[own] >= today) & (day[own] < today + CUSTOMER_DAYS)])
        rows = np.concatenate(open_now)
        taken = rng.choice(rows, int(len(rows) * MULTIPLIED), replace=False)
        drawn["amount"][taken] *= MULTIPLIER
        scenario[taken] = 3
    drawn["scenario"] = scenario


def _write(path: Path, drawn: Columns, first_day: date) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = np.datetime64(first_day, "s")
    table = pa.table(
        {
            "TRANSACTION_ID": np.arange(len(drawn["second"])),
            "TX_DATETIME": pa.array((start + drawn["second"]).astype("datetime64[us]"), pa.timestamp("us")),
            "CUSTOMER_ID": drawn["customer"],
            "TERMINAL_ID": drawn["terminal"],
            "TX_AMOUNT": drawn["amount"],
            "TX_FRAUD": (drawn["scenario"] > 0).astype(np.int64),
            "TX_FRAUD_SCENARIO": drawn["scenario"],
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        pq.write_table(table, temporary, compression="zstd")
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
