"""What a person sees. Data goes to standard output, messages to standard error; both read well without colour."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

FORMS = ("text", "json", "markdown")


class Console:
    """Messages and results in the form that was asked for: text, json or markdown."""

    def __init__(self, form: str = "text") -> None:
        self.form = form

    def say(self, message: str) -> None:
        """A message about progress, on standard error."""
        sys.stderr.write(message + "\n")
        sys.stderr.flush()

    def result(self, document: Mapping[str, Any], text: str | Iterable[str]) -> None:
        """The command's result: the document as JSON, or its text."""
        if self.form == "json":
            sys.stdout.write(json.dumps(document, indent=1) + "\n")
        else:
            lines = [text] if isinstance(text, str) else text
            sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, markdown: bool = False) -> list[str]:
    """Lines of a table: columns padded, numbers as they are."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        return f"| {' | '.join(padded)} |" if markdown else "  ".join(padded).rstrip()

    rule = ["-" * width for width in widths]
    return [line(list(head)), line(rule), *(line(row) for row in cells)]
