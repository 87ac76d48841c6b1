"""The table of rules itself: each has its two tests, each can be switched off by its name alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from azureml_local.parity import NAMES, RULES, Parity, UnknownRule

FOLDER = Path(__file__).parent


def written() -> set[str]:
    trees = (ast.parse(file.read_text()) for file in FOLDER.glob("test_*.py"))
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_is_tried_in_force_and_switched_off(name: str):
    test = "test_" + name.replace("-", "_")
    assert {test, f"{test}_allowed"} <= written()


def test_each_rule_says_where_it_is_from():
    for rule in RULES:
        assert all((rule.operation, rule.effect, rule.source, rule.seen)), rule.name
    assert len(set(NAMES)) == len(RULES)


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(UnknownRule, match="there is no parity rule 'no-such-rule'") as refused:
        Parity(("no-such-rule",))
    assert all(name in str(refused.value) for name in NAMES)


def test_one_rule_off_leaves_the_others_on():
    rules = Parity(("reuse",))
    assert [name for name in NAMES if not rules.holds(name)] == ["reuse"]


def test_asking_for_a_rule_that_is_none_is_a_defect():
    with pytest.raises(ValueError, match="there is no parity rule 'reus'"):
        Parity().holds("reus")
