"""The notebook runs, cell by cell, in the environment of the steps, and shows what it says."""

import json
import re

import pytest

from tests.emulator import REPOSITORY

from .conftest import Step

NOTEBOOK = REPOSITORY / "notebooks" / "explore.ipynb"

# What a kernel does: one namespace, and the value of a cell's last expression is shown.
KERNEL = """
import ast, sys
import pandas
pandas.set_option("display.width", 200, "display.max_columns", None)
names = {}
for source in sys.stdin.read().split("\\0"):
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last:
        shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        print("shown:", repr(shown) if shown is not None else "")
"""


def cells() -> list[dict[str, object]]:
    return list(json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"])


@pytest.fixture(scope="module")
def shown(step: Step, tmp_path_factory: pytest.TempPathFactory) -> str:
    code = ["".join(cell["source"]) for cell in cells() if cell["cell_type"] == "code"]
    scratch = tmp_path_factory.mktemp("notebook")
    variables = {"TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = step("-c", KERNEL, stdin="\0".join(code), **variables)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    return ran.stdout


def test_it_is_committed_without_what_it_showed():
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)


def test_a_feature_more_is_seen_on_the_validation_weeks(shown: str):
    weeks = re.findall(r"^(2018-05-\d\d) +(0\.\d+|1\.0) +(0\.\d+|1\.0)$", shown, re.MULTILINE)
    assert len(weeks) == 2
    assert "with CUSTOMER_ID_NB_TX_3DAY_WINDOW" in shown


def test_the_differences_have_intervals_around_them(shown: str):
    line = next(line for line in shown.splitlines() if re.match(r"\d+ +average precision", line))
    before, after, difference, low, high = map(float, line.split()[-5:])
    assert after - before == pytest.approx(difference, abs=2e-4)
    assert low <= difference <= high
