"""HTML and SVG as text, escaped where it is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import count

VOID = {"meta", "path", "line", "rect", "circle"}
"""Elements that are written without an end; those of SVG close themselves."""


class Markup(str):
    """Text that is markup already; any other text is escaped when it is put into an element."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """`element("td", "a < b", class_="number")`: a last `_` is left out, others stand for `-`."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in VOID:
        return Markup(f"<{tag}{written}{'' if tag == 'meta' else '/'}>")
    return Markup(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: str) -> Markup:
    """Several pieces in a row."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table with a caption, in a region of its own that scrolls sideways; empty without rows.

    The first column heads its rows.
    """
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
        for row in rows
    ]
    if not body:
        return Markup()
    top = element("thead", element("tr", *(element("th", cell, scope="col") for cell in head)))
    whole = element("table", element("caption", caption), top, element("tbody", *body))
    return element("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")


def numbered(prefix: str, numbers: count[int]) -> str:
    """An id that no other element of the page has."""
    return f"{prefix}-{next(numbers)}"
