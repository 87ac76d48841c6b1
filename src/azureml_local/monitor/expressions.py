"""Expressions of Kusto's language as expressions of SQL with their types. Values are parameters, never text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..arm.errors import NotSupported
from . import spans
from .lexer import NotKusto, Token, seconds, unquoted, words, wrong

NUMBERS = ("long", "real")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
TEXTUAL = {"=~": "= {} COLLATE NOCASE", "!~": "<> {} COLLATE NOCASE"}
SEARCHES = {"contains": "instr(lower({0}), lower({1})) > 0", "startswith": "instr(lower({0}), lower({1})) = 1"}
AGGREGATES = ("count", "countif", "percentile", "avg", "min", "max", "sum", "dcount")


@dataclass(frozen=True)
class Value:
    """An expression: its type, its SQL, the parameters of that, and what it would be called as a column."""

    kind: str
    sql: str
    values: tuple[object, ...] = ()
    name: str = ""
    aggregate: bool = False


LITERALS: Mapping[str, Callable[[str], object]] = {
    "string": unquoted,
    "timespan": seconds,
    "datetime": lambda text: spans.moment(text.strip("'\" ")),
    "long": int,
    "real": float,
}


def _cast(kind: str, text: str) -> Callable[..., Value]:
    return lambda now, given: Value(kind, text.format(given.sql), given.values, given.name)


def _bin(now: float, value: Value, step: Value) -> Value:
    text = f"(CAST({value.sql} / {step.sql} AS INTEGER) * {step.sql})"
    return Value(value.kind, text, (*value.values, *step.values, *step.values), value.name)


ARGUMENTS = {"now": (), "ago": ("timespan",), "not": ("bool",), "bin": ("", "")}
"""The types of arguments ("": any) of the functions that do not take one of any type."""
FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "now": lambda now: Value("datetime", "?", (now,)),
    "ago": lambda now, given: Value("datetime", f"(? - {given.sql})", (now, *given.values)),
    "not": lambda now, given: Value("bool", f"(NOT {given.sql})", given.values),
    "bin": _bin,
    "isempty": _cast("bool", "(ifnull({}, '') = '')"),
    "isnotempty": _cast("bool", "(ifnull({}, '') <> '')"),
    "tostring": _cast("string", "CAST({} AS TEXT)"),
    "toint": _cast("long", "whole({})"),
    "tolong": _cast("long", "whole({})"),
    "todouble": _cast("real", "number({})"),
    "toreal": _cast("real", "number({})"),
}


def _fits(name: str, given: list[Value]) -> bool:
    """Whether there is a function of this name for these arguments."""
    wanted = ARGUMENTS.get(name, ("",))
    alike = len(wanted) == len(given) and all(
        kind in ("", each.kind) for kind, each in zip(wanted, given, strict=True)
    )
    return name in FUNCTIONS and alike


@dataclass
class Parser:
    """Reads words, one after the other."""

    tokens: list[Token]
    now: float
    operator: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The columns of the moment, with their types."""
    unknown: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str, now: float) -> Parser:
        return cls(words(text), now)

    def peek(self, *texts: str) -> bool:
        return self.tokens[0].text in texts and self.tokens[0].kind in ("mark", "name")

    def take(self, text: str = "", kind: str = "") -> Token:
        """The next word, which must be this one, or of this kind. Raises NotKusto."""
        token = self.tokens[0]
        if (text and not self.peek(text)) or (kind and token.kind != kind):
            raise wrong(token)
        if token.kind != "end":
            self.tokens.pop(0)
        return token

    def listed(self, read: Callable[[], Value]) -> list[Value]:
        """What stands between commas."""
        found = [read()]
        while self.peek(","):
            self.take(",")
            found.append(read())
        return found

    # -- from the loosest to the tightest ---------------------------------------------------------------

    def condition(self) -> Value:
        """What is true or false."""
        found = self.expression()
        if found.kind != "bool":
            raise self._semantic("SEM0065", f"a condition must be a bool, '{found.name}' is a {found.kind}")
        return found

    def expression(self) -> Value:
        return self._joined("or", lambda: self._joined("and", self._comparison))

    def _joined(self, word: str, read: Callable[[], Value]) -> Value:
        found = read()
        while self.peek(word):
            self.take(word)
            other = read()
            for each in (found, other):
                if each.kind != "bool":
                    raise self._semantic("SEM0065", f"'{word}' stands between bools, not a {each.kind}")
            found = Value("bool", f"({found.sql} {word.upper()} {other.sql})", found.values + other.values)
        return found

    def _comparison(self) -> Value:
        left = self._single()
        token = self.tokens[0]
        if token.kind == "mark" and token.text in COMPARISONS:
            right = self._right(left)
            sign = {"==": "=", "!=": "<>"}.get(token.text, token.text)
            return Value("bool", f"({left.sql} {sign} {right.sql})", left.values + right.values)
        if token.text in TEXTUAL and token.kind == "mark":
            right = self._right(left)
            return Value(
                "bool", f"({left.sql} {TEXTUAL[token.text].format(right.sql)})", left.values + right.values
            )
        if token.kind == "name" and token.text in SEARCHES:
            right = self._right(left)
            return Value("bool", SEARCHES[token.text].format(left.sql, right.sql), left.values + right.values)
        if token.kind == "name" and token.text in ("in", "!in"):
            return self._in(left)
        if token.kind == "name" and token.text in ("between", "!between"):
            return self._between(left)
        return left

    def _right(self, left: Value) -> Value:
        """What is compared with `left`, after the sign."""
        self.take()
        right = self._single()
        self._check_alike(left, right)
        return right

    def _check_alike(self, left: Value, right: Value) -> None:
        kinds = ["number" if each.kind in NUMBERS else each.kind for each in (left, right)]
        if kinds[0] != kinds[1]:
            raise self._semantic(
                "SEM0064",
                f"Cannot compare values of types {left.kind} and {right.kind}. Try adding explicit casts",
            )

    def _in(self, left: Value) -> Value:
        negated = self.take().text == "!in"
        self.take("(")
        found = self.listed(self._single)
        self.take(")")
        for each in found:
            self._check_alike(left, each)
        values = sum((each.values for each in found), left.values)
        marks = ", ".join(each.sql for each in found)
        return Value("bool", f"({left.sql} {'NOT ' * negated}IN ({marks}))", values)

    def _between(self, left: Value) -> Value:
        negated = self.take().text == "!between"
        self.take("(")
        low = self._single()
        self.take("..")
        high = self._single()
        self.take(")")
        if high.kind == "timespan" and low.kind == "datetime":
            high = Value("datetime", f"({low.sql} + {high.sql})", low.values + high.values)
        self._check_alike(left, low)
        self._check_alike(left, high)
        text = f"({left.sql} {'NOT ' * negated}BETWEEN {low.sql} AND {high.sql})"
        return Value("bool", text, left.values + low.values + high.values)

    def _single(self) -> Value:
        token = self.take()
        if token.kind == "mark" and token.text == "(":
            found = self.expression()
            self.take(")")
            return found
        if token.kind in LITERALS:
            return Value(token.kind, "?", (LITERALS[token.kind](token.text),))
        if token.kind == "name":
            return self._call(token.text) if self.peek("(") else self._column(token.text)
        if token.kind == "mark" and token.text in "+-*/":
            raise NotSupported(f"'{token.text}' in a query of logs")
        raise wrong(token)

    def _column(self, name: str) -> Value:
        if name in ("true", "false"):
            return Value("bool", str(int(name == "true")))
        kind = self.columns.get(name)
        if kind is None and name in self.unknown:
            raise NotSupported(f"the column {name} of logs, which nothing here fills")
        if kind is None:
            raise self._semantic("SEM0100", f"Failed to resolve column or scalar expression named '{name}'")
        return Value(kind, f'"{name}"', (), name)

    def _semantic(self, code: str, message: str) -> NotKusto:
        where = f"'{self.operator}' operator: " if self.operator else ""
        return NotKusto(code, f"{where}{message}")

    # -- functions --------------------------------------------------------------------------------------

    def _call(self, name: str) -> Value:
        self.take("(")
        if name in AGGREGATES and self.operator != "summarize":
            raise self._semantic("SEM0260", f"Unknown function: '{name}'")
        given = [] if self.peek(")") else self.listed(self.expression)
        self.take(")")
        found = FUNCTIONS[name](self.now, *given) if _fits(name, given) else None
        if found is None and name in AGGREGATES:
            found = self._aggregate(name, given)
        if found is None:
            raise NotSupported(f"the function {name} with {len(given)} arguments in a query of logs")
        return found

    def _aggregate(self, name: str, given: list[Value]) -> Value:
        kinds = [each.kind for each in given]
        column = given[0].name if given else ""
        if name == "count" and not given:
            return Value("long", "count(*)", (), "count_", aggregate=True)
        if name == "countif" and kinds == ["bool"]:
            return Value("long", f"count(CASE WHEN {given[0].sql} THEN 1 END)", given[0].values, "countif_", True)
        if name == "percentile" and len(kinds) == 2 and all(kind in NUMBERS for kind in kinds):
            shown = "_".join(str(each) for each in given[1].values)
            values = given[0].values + given[1].values
            text = f"percentile({given[0].sql}, {given[1].sql})"
            return Value(given[0].kind, text, values, f"percentile_{column}_{shown}", aggregate=True)
        if name == "dcount" and len(kinds) == 1:
            return Value("long", f"count(DISTINCT {given[0].sql})", given[0].values, f"dcount_{column}", True)
        if len(kinds) == 1 and (kinds[0] in NUMBERS or (name in ("min", "max") and kinds[0] == "datetime")):
            kind = "real" if name == "avg" else kinds[0]
            return Value(kind, f"{name}({given[0].sql})", given[0].values, f"{name}_{column}", aggregate=True)
        raise self._semantic("SEM0219", f"{name}(): the arguments are {', '.join(kinds) or 'missing'}")
