"""The tests' test: each deliberate weakening is caught, by the rule that stands beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .bicep import Refused, Warm
from .deployments import DEPLOYMENTS, compiled, evaluate, replaced
from .mutations import BUILD, MUTATIONS, Mutation
from .plan import Template
from .policies import RULES
from .test_snapshots import FOLDER, golden

GOLDEN = "golden file"


def caught_by(warm: Warm, folder: Path, mutation: Mutation) -> dict[str, list[str]]:
    """What speaks against the weakened templates, up to the deployment that shows it: each rule, and its words."""
    caught: dict[str, list[str]] = {}
    templates: dict[str, Template] = {}
    for name in mutation.deployments:
        source = DEPLOYMENTS[name].template
        try:
            if source not in templates:
                templates[source] = compiled(warm, folder / source)
            plan = evaluate(warm, folder, DEPLOYMENTS[name], templates[source])
        except Refused as refusal:
            return {BUILD: [str(refusal)]}
        for rule in RULES.values():
            if findings := rule.findings(plan):
                caught.setdefault(rule.name, []).extend(findings)
        if DEPLOYMENTS[name].reviewed and json.loads(golden(plan)) != json.loads(
            (FOLDER / f"{name}.json").read_text()
        ):
            caught.setdefault(GOLDEN, []).append(name)
        if mutation.rule in caught:
            break
    return caught


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.what} -> {each.rule}")
def test_a_weakening_is_caught(
    warm: Warm, copy: Path, mutation: Mutation, record_property: Callable[[str, object], None]
) -> None:
    replaced(copy / mutation.file, *mutation.edits)
    caught = caught_by(warm, copy, mutation)
    record_property("caught_by", ", ".join(caught))
    assert mutation.rule in caught, caught


def test_every_rule_catches_something() -> None:
    """A rule that no weakening trips may be one that cannot trip."""
    assert set(RULES) - {each.rule for each in MUTATIONS} == set()


def test_weakenings_are_named_apart() -> None:
    names = [each.what for each in MUTATIONS]
    assert len(set(names)) == len(names)
    assert {each.rule for each in MUTATIONS} <= {*RULES, BUILD}
