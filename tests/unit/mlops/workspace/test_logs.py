"""The line of a log that says why a program ended."""

from __future__ import annotations

import pytest

from mlops.workspace.logs import reason_in

SQL = """100 transactions
Traceback (most recent call last):
  File "/exe/wd/fraud/features/prepare.py", line 40, in prepare
    connection.execute(query)
    ^^^^^^^^^^^^^^^^^^^^^^^^^
duckdb.duckdb.BinderException: Binder Error: Referenced column "TX_AMOUN" not found in FROM clause!
Candidate bindings: "TX_AMOUNT"

LINE 1: SELECT TX_AMOUN FROM landed
               ^"""
MISSING = 'duckdb.duckdb.BinderException: Binder Error: Referenced column "TX_AMOUN" not found in FROM clause!'
CHAINED = """Traceback (most recent call last):
  File "a.py", line 1, in <module>
ValueError: the first

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
RuntimeError: the last
"""


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (SQL, MISSING),
        (CHAINED, "RuntimeError: the last"),
        ("error: landed: no rows\n", "landed: no rows"),
        ("error: landed: no rows\nhint: land some\n", "landed: no rows"),
        ("ok roc_auc 0.9\ngate: boosting is refused: roc_auc 0.7\n", "gate: boosting is refused: roc_auc 0.7"),
        (f"{CHAINED}error: and then this", "and then this"),
        ("said\n   ^\n\n---\n", "said"),
        ("", ""),
        ("\n ^ \n", ""),
    ],
)
def test_the_reason_is_not_the_last_line_but_the_one_that_says_it(log: str, reason: str) -> None:
    assert reason_in(log) == reason
