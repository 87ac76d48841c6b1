"""A rule, and the table of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..plan import Plan

Check = Callable[[Plan], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """Its name, where it comes from, and what it looks at."""

    name: str
    source: str
    check: Check

    def findings(self, plan: Plan) -> list[str]:
        return list(self.check(plan))


RULES: dict[str, Rule] = {}


def rule(source: str) -> Callable[[Check], Check]:
    """Enter a function into the table, under its name."""

    def enter(check: Check) -> Check:
        name = check.__name__.replace("_", "-")
        assert name not in RULES, f"two rules are called {name}"
        RULES[name] = Rule(name, source, check)
        return check

    return enter
