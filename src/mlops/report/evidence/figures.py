"""Figures as inline SVG: curves with bands, bars, intervals. Colours come from the page's style.

What a figure shows is in its title and description too, or in the table beside it; lines differ in their dashes,
not in their colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from .markup import Markup, element, joined

WIDTH, HEIGHT = 360, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 42
TICKS = 5
STYLES = {"candidate": "candidate", "champion": "champion"}
"""The classes of lines by their name; any other one is drawn as a guide."""


def curve(number: int, found: dict[str, Any]) -> Markup:
    """The lines of a curve, with their bands, on one pair of axes, and a legend."""
    lines = [_known(line) for line in found["lines"]]
    lines = [line for line in lines if line["points"]]
    if not lines:
        return Markup()
    xs = [point[0] for line in lines for point in line["points"]]
    ys = [point[1] for line in lines for point in line["points"]]
    for line in lines:
        ys += [end for band in line["band"] for end in band[1:]]
    across, up = _Axis(xs, LEFT, WIDTH - RIGHT), _Axis(ys, HEIGHT - BOTTOM, TOP)
    parts = [*_axes(across, up, found["x"], found["y"])]
    for line in sorted(lines, key=lambda one: one["name"] == "candidate"):
        style = STYLES.get(line["name"], "guide")
        if band := line["band"]:
            edge = [(x, low) for x, low, _ in band] + [(x, high) for x, _, high in reversed(band)]
            parts.append(element("path", d=_path(across, up, edge) + "Z", class_=f"band {style}"))
        parts.append(element("path", d=_path(across, up, line["points"]), class_=f"line {style}"))
    names = [line["name"] for line in lines]
    described = f"{found['y']} by {found['x']}, of {' and '.join(names)}"
    image = _image(f"curve-{number}", found["name"], described, WIDTH, HEIGHT, parts)
    legend = element("ul", *(_key(name) for name in names), class_="legend")
    return element("figure", image, element("figcaption", found["name"], legend))


def _known(line: dict[str, Any]) -> dict[str, Any]:
    """The line without the places where nothing is known."""
    return {
        **line,
        "points": [point for point in line["points"] if None not in point],
        "band": [place for place in line.get("band") or () if None not in place],
    }


def bar(value: float, largest: float) -> Markup:
    """A bar beside a number that says the same."""
    share = 0 if largest <= 0 else max(0.0, min(1.0, value / largest))
    inside = element("rect", x=0, y=2, width=f"{share * 120:.1f}", height=10, class_="bar")
    return element("svg", inside, viewBox="0 0 120 14", width=120, height=14, aria_hidden="true")


def whisker(value: float, low: float, high: float, limit: float, reach: float) -> Markup:
    """A difference with its interval, around 0, and the limit as a mark; the numbers stand beside it."""

    def place(number: float) -> str:
        return f"{90 + 86 * max(-1.0, min(1.0, number / reach if reach else 0)):.1f}"

    parts = [
        element("line", x1=90, x2=90, y1=0, y2=16, class_="axis"),
        element("line", x1=place(limit), x2=place(limit), y1=0, y2=16, class_="limit"),
        element("line", x1=place(low), x2=place(high), y1=8, y2=8, class_="line candidate"),
        element("circle", cx=place(value), cy=8, r=3.5, class_="dot"),
    ]
    return element("svg", *parts, viewBox="0 0 180 16", width=180, height=16, aria_hidden="true")


class _Axis:
    """From numbers to places on the paper."""

    def __init__(self, numbers: Sequence[float], start: float, end: float) -> None:
        low, high = min(numbers), max(numbers)
        if low >= 0 and 0.5 < high <= 1:
            low, high = 0.0, 1.0
        if low == high:
            low, high = low - 0.5, high + 0.5
        self.step = _nice((high - low) / TICKS)
        self.low = math.floor(low / self.step + 1e-9) * self.step
        self.high = math.ceil(high / self.step - 1e-9) * self.step
        self.start, self.end = start, end

    def __call__(self, number: float) -> float:
        return self.start + (number - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """Where the ticks are and what they say."""
        found = [self.low + index * self.step for index in range(round((self.high - self.low) / self.step) + 1)]
        return [(self(number), f"{number:.6g}" if abs(number) > self.step * 1e-6 else "0") for number in found]


def _nice(step: float) -> float:
    """The next of 1, 2, 5 × a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if step <= power * factor * (1 + 1e-9))


def _axes(across: _Axis, up: _Axis, x: str, y: str) -> Iterable[Markup]:
    for place, text in across.ticks():
        yield element("line", x1=f"{place:.1f}", x2=f"{place:.1f}", y1=TOP, y2=HEIGHT - BOTTOM, class_="grid")
        yield element("text", text, x=f"{place:.1f}", y=HEIGHT - BOTTOM + 15, text_anchor="middle")
    for place, text in up.ticks():
        yield element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{place:.1f}", y2=f"{place:.1f}", class_="grid")
        yield element("text", text, x=LEFT - 6, y=f"{place + 4:.1f}", text_anchor="end")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield element("text", x, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, text_anchor="middle", class_="name")
    yield element(
        "text", y, x=12, y=middle, transform=f"rotate(-90 12 {middle})", text_anchor="middle", class_="name"
    )


def _path(across: _Axis, up: _Axis, found: Iterable[Sequence[float]]) -> str:
    return "M" + "L".join(f"{across(point[0]):.1f} {up(point[1]):.1f}" for point in found)


def _key(name: str) -> Markup:
    stroke = element("line", x1=0, x2=24, y1=6, y2=6, class_=f"line {STYLES.get(name, 'guide')}")
    return element(
        "li", element("svg", stroke, viewBox="0 0 24 12", width=24, height=12, aria_hidden="true"), " ", name
    )


def _image(id: str, title: str, described: str, width: int, height: int, parts: Sequence[Markup]) -> Markup:
    names = [element("title", title, id=f"{id}-title"), element("desc", described, id=f"{id}-desc")]
    return element(
        "svg",
        joined(*names, *parts),
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{id}-title {id}-desc",
        class_="chart",
    )
