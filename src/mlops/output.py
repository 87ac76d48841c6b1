"""What a person sees. Data goes to standard output, messages to standard error; both read well without colour."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

GAP = "  "
LEAST = 8
"""What a column is not made narrower than."""
CLEAR = "\r\x1b[K"
"""To the line's begin, and away with what stands there."""
FORMS = ("text", "json", "markdown")


class Console:
    """Messages and results in the form that was asked for: text, json or markdown."""

    def __init__(self, form: str = "text") -> None:
        self.form = form
        self._shown = False

    def say(self, message: str) -> None:
        """A message about progress, on standard error."""
        sys.stderr.write(f"{CLEAR}{message}\n" if self._shown else f"{message}\n")
        sys.stderr.flush()
        self._shown = False

    def show(self, message: str) -> None:
        """What changes all the time: on a terminal in one line, elsewhere a line each."""
        if not sys.stderr.isatty():
            self.say(message)
            return
        sys.stderr.write(f"{CLEAR}{message[: terminal() - 1]}")
        sys.stderr.flush()
        self._shown = True

    def result(self, document: Mapping[str, Any], text: str | Iterable[str]) -> None:
        """The command's result: the document as JSON, or its text."""
        if self.form == "json":
            sys.stdout.write(json.dumps(document, indent=1) + "\n")
        else:
            lines = [text] if isinstance(text, str) else text
            sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, markdown: bool = False) -> list[str]:
    """Lines of a table: columns padded, numbers as they are. As text it is not wider than the terminal.

    What does not fit is wrapped within its column, the widest first; without a terminal there are 80 columns.
    """
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    if markdown:
        rule = ["-" * width for width in widths]
        padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
        return [f"| {' | '.join(row)} |" for row in (padded[0], rule, *padded[1:])]
    bodies = [max((len(row[i]) for row in cells[1:]), default=LEAST) for i in range(len(head))]
    widths = _fitted(widths, bodies, terminal() - len(GAP) * (len(head) - 1))
    title, *rest = [list(_wrapped(row, widths)) for row in cells]
    return [*title, GAP.join("-" * width for width in widths), *(line for lines in rest for line in lines)]


def terminal() -> int:
    """How many columns a person sees."""
    return max(shutil.get_terminal_size().columns, 40)


def _fitted(widths: list[int], bodies: list[int], room: int) -> list[int]:
    """Widths that fit into the room as far as they can: first heads give, then the widest of all."""
    fitted = list(widths)
    for least in ([max(body, LEAST) for body in bodies], [LEAST] * len(bodies)):
        while sum(fitted) > room:
            spare = [i for i, width in enumerate(fitted) if width > least[i]]
            if not spare:
                break
            fitted[max(spare, key=lambda i: fitted[i])] -= 1
    return fitted


def _wrapped(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of one row."""
    parts = [_broken(cell, width) for cell, width in zip(row, widths, strict=True)]
    for line in zip_longest(*parts, fillvalue=""):
        yield GAP.join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()


def _broken(text: str, width: int) -> list[str]:
    """A text in lines of at most this width, broken at blanks and after `/_,.-` where it can be, no number."""
    lines = [""]
    for piece in re.findall(r"[+-]?\d+\.\d+[\s,\]]*|[^\s/_,.-]*[/_,.-]?\s*", text):
        if len((lines[-1] + piece).rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.rstrip() for line in lines]
