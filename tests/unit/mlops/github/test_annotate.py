"""JUnit files as annotations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.errors import BadInput
from mlops.gate import junit
from mlops.gate.decide import decide
from mlops.github.annotate import SHOWN, failures
from mlops.github.runner import annotation
from tests.unit.mlops.evidence import evaluation, policy


def test_a_failure_of_pytest_is_shown_where_it_was(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_good(): pass\ndef test_bad():\n    assert 1 == 2, 'a,b'\n")
    pytester.runpytest_inprocess("-n0", "-p", "no:cacheprovider", "--junitxml=tests.xml", "-c", "/dev/null")
    (line,) = failures([Path("tests.xml")])
    assert line.startswith("::error file=test_it.py,line=3,title=test_it%3A test_bad::AssertionError: a,b")


def test_a_refusal_of_the_gate_is_shown(tmp_path: Path) -> None:
    verdict = decide(evaluation(), policy(floors={"average_precision": 0.9}))
    file = tmp_path / "gate.xml"
    file.write_text(junit.document(verdict))
    assert any("gate.floor" in line and "0.9" in line for line in failures([file]))


def test_no_more_are_shown_than_github_shows(tmp_path: Path) -> None:
    file = tmp_path / "many.xml"
    case = "<testcase classname='c' name='n'><error>it broke</error></testcase>"
    file.write_text(f"<testsuite>{case * (SHOWN + 3)}</testsuite>")
    lines = failures([file])
    assert lines[:SHOWN] == ["::error title=c%3A n::it broke"] * SHOWN
    assert lines[SHOWN:] == ["::notice::3 failures more"]


@pytest.mark.parametrize(
    "text",
    ["", "<a", "<!DOCTYPE a [<!ENTITY b 'bbb'>]><a>&b;</a>", "\x00"],
    ids=["empty", "cut", "entity", "zero"],
)
def test_what_is_no_junit_file_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.xml"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"x\.xml"):
        failures([file])


@given(st.text(), st.text())
def test_no_text_ends_a_command_or_begins_another(message: str, title: str) -> None:
    line = annotation("error", message, title=title)
    assert "\n" not in line
    assert "\r" not in line
    read = re.fullmatch(r"::error(?: title=([^,:\n]*))?::(.*)", line, re.DOTALL)
    assert read
    assert _read(read[2]) == message
    assert _read(read[1] or "") == title


def _read(text: str) -> str:
    """As GitHub's runner reads it."""
    for code, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, letter)
    return text
