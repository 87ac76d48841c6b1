"""Tables: whole in markdown, and as text never wider than what a person sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.output import table

CELLS = st.text("abc_/-. ", max_size=90)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=4))
def test_a_table_fits_and_loses_nothing(rows: list[list[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        head, rule, *lines = table(("first", "second", "third"), rows)
    assert max(map(len, (head, rule, *lines))) <= 80
    said, shown = "".join(map("".join, rows)), "".join(lines)
    for letter in "abc_/-.":
        assert shown.count(letter) == said.count(letter)


def test_what_fits_is_left_as_it_is() -> None:
    assert table(("run", "status"), [("a", "Completed"), ("bb", "")]) == [
        "run  status",
        "---  ---------",
        "a    Completed",
        "bb",
    ]


def test_a_head_gives_before_what_stands_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = table(("family", "a_very_long_name_of_a_metric"), [("hist_gradient_boosting", "0.6427")])
    assert max(map(len, lines)) <= 40
    assert lines[-1].split() == ["hist_gradient_boosting", "0.6427"]


def test_a_table_is_wrapped_where_words_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    action = "Microsoft.MachineLearningServices/workspaces/jobs/read"
    assert table(("identity", "action"), [("dev-train", action)])[2:] == [
        "dev-train  Microsoft.",
        "           MachineLearningServices/",
        "           workspaces/jobs/read",
    ]


def test_markdown_is_not_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert table(("a",), [("b" * 90,)], markdown=True)[2] == f"| {'b' * 90} |"
