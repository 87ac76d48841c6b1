"""The words of a query in Kusto's language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..arm.errors import ServiceError

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 1e-3}
TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |datetime\((?P<datetime>[^)]*)\)
    |(?P<timespan>\d+(?:\.\d+)?(?:ms|d|h|m|s)\b)
    |(?P<real>\d+\.\d+)
    |(?P<long>\d+\b)
    |(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<name>!?[A-Za-z_]\w*)
    |(?P<mark>\.\.|==|!=|=~|!~|<=|>=|[|()<>,=+*/-])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A word: its kind (datetime, timespan, real, long, string, name, mark, end) and how it is written."""

    kind: str
    text: str


END = Token("end", "the end of the query")


class NotKusto(ServiceError):
    """400: what the service refuses, with the code of its reason."""

    status = 400

    def __init__(self, code: str, message: str) -> None:
        kind = "SemanticError" if code.startswith("SEM") else "SyntaxError"
        super().__init__(message, code=code)
        self.kind = kind

    def body(self) -> dict[str, object]:
        inner = {"code": self.code, "message": self.message}
        said = f"A {self.kind.removesuffix('Error').lower()} error occurred."
        return {
            "error": {
                "code": "BadArgumentError",
                "message": "The request had some invalid properties",
                "innererror": {"code": self.kind, "message": said, "innererror": inner},
            }
        }


def wrong(token: Token) -> NotKusto:
    """A query that breaks off in the middle of what is none."""
    return NotKusto("SYN0002", f"Query could not be parsed at '{token.text}'")


def words(text: str) -> list[Token]:
    """The words of a query, its end last. Raises NotKusto."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        token = TOKEN.match(text, place)
        if token is None:
            raise wrong(Token("mark", text[place]))
        if token.lastgroup != "space":
            kind = str(token.lastgroup)
            found.append(Token(kind, token[kind]))
        place = token.end()
    return [*found, END]


def unquoted(text: str) -> str:
    """The value of a string's word."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def seconds(text: str) -> float:
    """The seconds of a timespan's word, `5m`."""
    unit = next(each for each in ("ms", "d", "h", "m", "s") if text.endswith(each))
    return float(text.removesuffix(unit)) * UNITS[unit]
