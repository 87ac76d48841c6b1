"""Queries of Kusto's language as statements of SQL: a table, then steps, each on what the one before it gave.

Only what delivery and alerts of endpoints ask for: where, summarize, project, extend, take, order, top, count,
distinct. What else is asked is refused by its name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from ..arm.errors import NotSupported
from .expressions import Parser, Value
from .lexer import NotKusto, wrong
from .tables import ELSEWHERE, TABLES, Table


@dataclass(frozen=True)
class Statement:
    """A statement of SQL with its parameters, and the columns of its answer with their types."""

    sql: str
    values: tuple[object, ...]
    columns: dict[str, str]


def table_of(query: str) -> tuple[str, Table]:
    """The table that a query begins with. Raises NotKusto, or NotSupported."""
    name = Parser.of(query, 0).take(kind="name").text
    if name in ELSEWHERE:
        raise NotSupported(f"queries of {name}")
    if name not in TABLES:
        raise NotKusto("SEM0100", f"Failed to resolve table or column expression named '{name}'")
    return name, TABLES[name]


def translate(query: str, now: float) -> Statement:
    """A query over a source called `source`, which has the rows of its table. Raises NotKusto, or NotSupported."""
    _, table = table_of(query)
    parser = Parser.of(query, now)
    parser.take(kind="name")
    shown = ", ".join(f'{text} AS "{name}"' for name, (_, text) in table.columns.items())
    kinds = {name: kind for name, (kind, _) in table.columns.items()}
    found = Statement(f"SELECT {shown} FROM source", (), kinds)  # noqa: S608 - of the tables' own words
    unknown = table.unknown
    while parser.peek("|"):
        parser.take("|")
        word = parser.take(kind="name").text
        step = STEPS.get(word)
        if step is None:
            raise NotSupported(f"the operator {word} in a query of logs")
        parser.operator, parser.columns, parser.unknown = word, found.columns, unknown
        found = step(parser, found)
    if parser.tokens[0].kind != "end":
        raise wrong(parser.tokens[0])
    return found


def _named(parser: Parser) -> Value:
    """`NAME = EXPRESSION`, or an expression that names itself."""
    if parser.tokens[0].kind == "name" and parser.tokens[1].text == "=" and parser.tokens[1].kind == "mark":
        name = parser.take().text
        parser.take("=")
        found = parser.expression()
        return Value(found.kind, found.sql, found.values, name, found.aggregate)
    return parser.expression()


def _columns(values: list[Value]) -> tuple[str, tuple[object, ...], dict[str, str]]:
    """Values as the columns of a SELECT; one without a name gets its place, a second of a name a number."""
    kinds: dict[str, str] = {}
    for place, each in enumerate(values, start=1):
        name = each.name or f"Column{place}"
        numbered = (f"{name}{number or ''}" for number in itertools.count())
        kinds[next(free for free in numbered if free not in kinds)] = each.kind
    shown = ", ".join(f'{each.sql} AS "{name}"' for name, each in zip(kinds, values, strict=True))
    return shown, sum((each.values for each in values), ()), kinds


def _where(parser: Parser, found: Statement) -> Statement:
    condition = parser.condition()
    sql = f"SELECT * FROM ({found.sql}) WHERE {condition.sql}"  # noqa: S608 - of this module's own words
    return Statement(sql, found.values + condition.values, found.columns)


def _project(parser: Parser, found: Statement) -> Statement:
    shown, values, columns = _columns(parser.listed(lambda: _named(parser)))
    return Statement(f"SELECT {shown} FROM ({found.sql})", values + found.values, columns)  # noqa: S608


def _extend(parser: Parser, found: Statement) -> Statement:
    shown, values, columns = _columns(parser.listed(lambda: _named(parser)))
    kept = [f'"{name}"' for name in found.columns if name not in columns]
    sql = f"SELECT {', '.join([*kept, shown])} FROM ({found.sql})"  # noqa: S608
    kinds = {name: kind for name, kind in found.columns.items() if name not in columns}
    return Statement(sql, values + found.values, {**kinds, **columns})


def _summarize(parser: Parser, found: Statement) -> Statement:
    aggregates = [] if parser.peek("by") else parser.listed(lambda: _named(parser))
    groups: list[Value] = []
    if parser.peek("by"):
        parser.take("by")
        groups = parser.listed(lambda: _named(parser))
    if any(not each.aggregate for each in aggregates) or any(each.aggregate for each in groups):
        raise NotKusto("SEM0072", "'summarize' operator: aggregates stand before 'by', and nothing else does")
    shown, values, columns = _columns([*groups, *aggregates])
    by = f" GROUP BY {', '.join(str(place + 1) for place in range(len(groups)))}" if groups else ""
    return Statement(f"SELECT {shown} FROM ({found.sql}){by}", values + found.values, columns)  # noqa: S608


def _distinct(parser: Parser, found: Statement) -> Statement:
    shown, values, columns = _columns(parser.listed(lambda: _named(parser)))
    return Statement(f"SELECT DISTINCT {shown} FROM ({found.sql})", values + found.values, columns)  # noqa: S608


def _count(parser: Parser, found: Statement) -> Statement:
    return Statement(f'SELECT count(*) AS "Count" FROM ({found.sql})', found.values, {"Count": "long"})  # noqa: S608


def _take(parser: Parser, found: Statement) -> Statement:
    number = int(parser.take(kind="long").text)
    return Statement(f"SELECT * FROM ({found.sql}) LIMIT {number}", found.values, found.columns)  # noqa: S608


def _order(parser: Parser, found: Statement) -> Statement:
    parser.take("by")
    keys: list[str] = []

    def key() -> Value:
        value = parser.expression()
        # without a word the largest come first, and so do rows without a value for the smallest
        way = parser.take().text if parser.peek("asc", "desc") else "desc"
        keys.append(f"{value.sql} {way.upper()}")
        return value

    values = sum((each.values for each in parser.listed(key)), ())
    sql = f"SELECT * FROM ({found.sql}) ORDER BY {', '.join(keys)}"  # noqa: S608
    return Statement(sql, found.values + values, found.columns)


def _top(parser: Parser, found: Statement) -> Statement:
    number = int(parser.take(kind="long").text)
    ordered = _order(parser, found)
    return Statement(f"{ordered.sql} LIMIT {number}", ordered.values, ordered.columns)


STEPS: dict[str, Callable[[Parser, Statement], Statement]] = {
    "where": _where,
    "filter": _where,
    "project": _project,
    "extend": _extend,
    "summarize": _summarize,
    "distinct": _distinct,
    "count": _count,
    "take": _take,
    "limit": _take,
    "order": _order,
    "sort": _order,
    "top": _top,
}
