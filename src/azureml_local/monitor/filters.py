"""The filter of a metrics query: `deployment eq 'blue' and (statusCode eq '424' or statusCode eq '429')`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..arm.errors import BadRequest, NotSupported

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[()])|(?P<word>[^\s()']+))")
OPERATORS = ("eq", "ne", "sw")


@dataclass(frozen=True)
class Condition:
    """What a dimension must be: one of the values, none of them (`ne`), or begin with one (`sw`)."""

    dimension: str
    operator: str
    values: tuple[str, ...]

    def statement(self, expression: str) -> tuple[str, list[str]]:
        """As SQL, with its values. Dimensions compare without case; `*` is whatever there is."""
        if "*" in self.values:
            return "1", []
        if self.operator == "sw":
            compared = [f"substr({expression}, 1, length(?)) = ? COLLATE NOCASE"] * len(self.values)
            return f"({' OR '.join(compared)})", [value for value in self.values for _ in range(2)]
        marks = ", ".join("?" * len(self.values))
        word = "NOT IN" if self.operator == "ne" else "IN"
        return f"({expression}) COLLATE NOCASE {word} ({marks})", list(self.values)


def parse(text: str) -> list[Condition]:
    """The conditions of a filter, all of which must hold. Raises BadRequest for what is none."""
    return _Parser(text).conditions() if text.strip() else []


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = TOKEN.match(text, place)
            if found is None:
                raise self._wrong(text[place:].strip())
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()

    def _wrong(self, what: str) -> BadRequest:
        return BadRequest(f"Invalid filter: {self._text!r} is not understood at {what!r}.", code="BadRequest")

    def _next(self, kind: str, *allowed: str) -> str:
        found, text = self._tokens.pop(0) if self._tokens else ("end", "its end")
        if found != kind or (allowed and text.lower() not in allowed):
            raise self._wrong(text)
        return text

    def _peek(self, text: str) -> bool:
        return bool(self._tokens) and self._tokens[0][1].lower() == text and self._tokens[0][0] != "text"

    def conditions(self) -> list[Condition]:
        found = [self._alternatives()]
        while self._tokens:
            self._next("word", "and")
            found.append(self._alternatives())
        names = [each.dimension.lower() for each in found]
        if len(set(names)) < len(names):
            raise NotSupported("a metrics filter that names a dimension twice")
        return found

    def _alternatives(self) -> Condition:
        """Comparisons of one dimension: `or` cannot stand between two of different names."""
        inside = self._peek("(")
        if inside:
            self._next("mark", "(")
        first = self._comparison()
        values = [first[2]]
        while self._peek("or"):
            self._next("word", "or")
            dimension, operator, value = self._comparison()
            if (dimension.lower(), operator) != (first[0].lower(), first[1]):
                raise self._wrong(dimension)
            values.append(value)
        if inside:
            self._next("mark", ")")
        return Condition(first[0], first[1], tuple(values))

    def _comparison(self) -> tuple[str, str, str]:
        dimension = self._next("word")
        operator = self._next("word", *OPERATORS).lower()
        value = self._next("text")
        return dimension, operator, value[1:-1].replace("''", "'")
