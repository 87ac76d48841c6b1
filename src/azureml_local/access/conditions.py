"""Conditions of role assignments: the part of Azure's language that templates use.

    ((!(ActionMatches{'A'})) OR (@Request[B:C] ForAnyOfAllValues:GuidEquals {X, Y} AND …))

Source: learn.microsoft.com, "Azure role assignment condition format and syntax".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .patterns import matches

TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()!])|(?P<word>AND|OR|&&|\|\|)(?![\w:])|ActionMatches\s*\{\s*'(?P<action>[^']*)'\s*\}"
    r"|@(?P<source>Request|Resource)\[(?P<attribute>[^\]]+)\]"
    r"|(?P<operator>[A-Za-z]+(?::[A-Za-z]+)?)|\{(?P<list>[^}]*)\}|'(?P<text>[^']*)')"
)
QUANTIFIERS: dict[str, tuple[Callable[..., bool], Callable[..., bool]]] = {
    "foranyofanyvalues": (any, any),
    "forallofanyvalues": (all, any),
    "foranyofallvalues": (any, all),
    "forallofallvalues": (all, all),
}
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "guidequals": lambda a, b: a.lower() == b.lower(),
    "guidnotequals": lambda a, b: a.lower() != b.lower(),
    "stringequals": lambda a, b: a == b,
    "stringnotequals": lambda a, b: a != b,
    "stringequalsignorecase": lambda a, b: a.lower() == b.lower(),
    "stringnotequalsignorecase": lambda a, b: a.lower() != b.lower(),
    "stringlike": lambda a, b: _like(b, a),
    "stringnotlike": lambda a, b: not _like(b, a),
}


def _like(pattern: str, text: str) -> bool:
    """Whether a text is of a pattern: `*` stands for any text, `?` for one letter."""
    parts = (".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


class NotUnderstood(ValueError):
    """The condition holds something that is not of the part of the language above."""


@dataclass(frozen=True)
class Asked:
    """What a condition is about: the action, and the attributes of the request by `provider/type:name`."""

    action: str
    request: Mapping[str, str]
    resource: Mapping[str, str]


def holds(condition: str, asked: Asked) -> bool:
    """Whether a condition lets a request pass. Raises NotUnderstood."""
    reader = _Reader(condition, asked)
    value = reader.either()
    if reader.rest():
        raise NotUnderstood(f"the condition goes on with {reader.rest()[:40]!r}")
    return value


class _Reader:
    """Reads and evaluates in one go; the grammar is `either := both (OR both)*`, `both := one (AND one)*`."""

    def __init__(self, text: str, asked: Asked) -> None:
        self.text, self.asked, self.place = text, asked, 0

    def rest(self) -> str:
        return self.text[self.place :].strip()

    def _next(self) -> re.Match[str] | None:
        return TOKEN.match(self.text, self.place)

    def _take(self, group: str, *values: str) -> str | None:
        found = self._next()
        if found is None or found[group] is None or (values and found[group] not in values):
            return None
        self.place = found.end()
        return found[group]

    def either(self) -> bool:
        value = self.both()
        while self._take("word", "OR", "||"):
            value = self.both() or value  # both sides are read, whatever the first one said
        return value

    def both(self) -> bool:
        value = self.one()
        while self._take("word", "AND", "&&"):
            value = self.one() and value
        return value

    def one(self) -> bool:
        if self._take("mark", "!"):
            return not self.one()
        if self._take("mark", "("):
            value = self.either()
            if not self._take("mark", ")"):
                raise NotUnderstood(f"a bracket is not closed before {self.rest()[:40]!r}")
            return value
        action = self._take("action")
        if action is not None:
            return matches(action, self.asked.action)
        found = self._next()
        if found is None or found["attribute"] is None:
            raise NotUnderstood(f"not understood: {self.rest()[:40]!r}")
        self.place = found.end()
        known = self.asked.request if found["source"] == "Request" else self.asked.resource
        return self._compare(known.get(found["attribute"].lower(), ""))

    def _compare(self, left: str) -> bool:
        operator = (self._take("operator") or "").lower()
        quantifier, _, name = operator.rpartition(":")
        if name not in OPERATORS or (quantifier and quantifier not in QUANTIFIERS):
            raise NotUnderstood(f"the operator {operator!r}")
        listed = self._take("list")
        text = None if listed is not None else self._take("text")
        if listed is None and text is None:
            raise NotUnderstood(f"a value is missing before {self.rest()[:40]!r}")
        values = [each.strip().strip("'") for each in listed.split(",")] if listed is not None else [text or ""]
        outer, inner = QUANTIFIERS[quantifier or "foranyofanyvalues"]
        # Every attribute of a role assignment has one value, so that the outer quantifier ranges over one.
        return outer([inner(OPERATORS[name](left, value) for value in values)])
