"""The report as one self-contained HTML page: no script, no request to anywhere, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .document import OUTCOMES, Report
from .figures import bar, curve, whisker
from .markup import Markup, element, joined, table

STYLE = Path(__file__).with_name("page.css")


def page(evaluation: dict[str, Any], verdict: dict[str, Any]) -> str:
    """The whole page as text. What comes from the documents is escaped."""
    report = Report(evaluation, verdict)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{evaluation['title']}: {report.verdict_line}"),
        element("style", Markup(STYLE.read_text(encoding="utf-8"))),
    )
    body = element("main", *_header(report), *(part for section in SECTIONS if (part := section(report))))
    return f"<!doctype html>\n{element('html', head, element('body', body), lang='en')}\n"


def _section(title: str, *parts: Markup) -> Markup:
    """A section with its heading; empty if all of its parts are."""
    filled = [part for part in parts if part]
    return element("section", element("h2", title), *filled) if filled else Markup()


def _header(report: Report) -> Iterator[Markup]:
    reasons = [element("li", reason) for reason in report.verdict["reasons"]]
    yield element(
        "header",
        element("h1", report.evaluation["title"]),
        element("p", element("strong", report.verdict_line), class_=f"verdict {report.verdict['decision']}"),
        element("ul", *reasons, class_="reasons") if reasons else Markup(),
        element("p", f"{report.sample}; {report.against}."),
    )


def _metrics(report: Report) -> Markup:
    level = f"{float(report.level) * 100:g} %"
    head = ["metric", report.candidate["name"], report.champion.get("name", "champion"), f"difference [{level}]"]
    selected = element("p", f"Selected by {report.selected}.")
    return _section("Metrics", table("On the test rows", head, report.metric_rows()), selected)


def _gate(report: Report) -> Markup:
    rows = [
        (
            f"{rule['rule']}: {rule['subject']}",
            _outcome(rule["outcome"]),
            element("div", rule["reason"], class_="reason"),
            _drawn(rule),
        )
        for rule in report.rule_rows()
    ]
    return _section("Gate", table("What was judged", ["rule", "outcome", "reason", "interval"], rows))


def _outcome(outcome: str) -> Markup:
    return element("span", OUTCOMES[outcome], class_=f"outcome {outcome}")


def _drawn(rule: dict[str, Any]) -> Markup:
    """A finding that has an interval as a whisker, scaled to itself."""
    if not rule["interval"]:
        return Markup()
    low, high = rule["interval"]
    reach = max(abs(number) for number in (low, high, rule["value"], rule["limit"])) * 1.05
    return whisker(rule["value"], low, high, rule["limit"], reach)


def _curves(report: Report) -> Markup:
    figures = [curve(number, found) for number, found in enumerate(report.part("curves"))]
    shown = [figure for figure in figures if figure]
    return _section("Curves", element("div", *shown, class_="figures")) if shown else Markup()


def _slices(report: Report) -> Markup:
    level = f"difference [{float(report.level) * 100:g} %]"
    head = ["slice", "events", "candidate", "champion", level]
    gaps = ["slice", "metric", "gap [90 %]", "between"]
    return _section(
        "Slices",
        table(f"{report.title(report.evaluation['primary'])} by slice", head, report.slice_rows()),
        table("Largest gaps between groups", gaps, report.gap_rows()),
    )


def _bars(caption: str, head: list[str], found: list[tuple[str, float, str]]) -> Markup:
    """A table of numbers with a bar each, the largest first."""
    ordered = sorted(found, key=lambda row: -row[1])
    largest = max((value for _, value, _ in ordered), default=0.0)
    return table(
        caption,
        head,
        [
            (name, joined(bar(value, largest), " ", element("span", text, class_="number")))
            for name, value, text in ordered
        ],
    )


def _importance(report: Report) -> Markup:
    found = []
    for row in report.part("importance"):
        error = row.get("standard_error")
        text = f"{row['value']:.4f}" + (f" ± {error:.4f}" if error is not None else "")
        found.append((row["name"], row["value"], text))
    caption = f"Loss of {report.title(report.evaluation['primary'])} without the feature, ± its standard error"
    return _section("Importance", _bars(caption, ["feature", "importance"], found))


def _explanations(report: Report) -> Markup:
    rows = [
        (
            f"{row['kind']}, {row['row']}",
            f"{row['score']:.4f}",
            "; ".join(f"{each['name']} = {each['value']:g}: {each['adds']:+.2f}" for each in row["contributions"]),
            f"{row['rest']:+.2f}",
            f"{row['base']:+.2f}",
        )
        for row in report.part("explanations")
    ]
    caption = "What features add to the log-odds of a score; with the rest and the base they are the score"
    return _section("Single scores", table(caption, ["row", "score", "features", "rest", "base"], rows))


def _drift(report: Report) -> Markup:
    drift = report.part("drift") or {}
    psi = [(row["name"], row["psi"]) for row in drift.get("features", ()) if row.get("psi") is not None]
    if drift.get("scores") is not None:
        psi.append(("the model's scores", drift["scores"]))
    rows = [(name, value, f"{value:.4f}") for name, value in psi]
    caption = f"Population stability index against {drift.get('reference', 'the champion')}"
    return _section("Drift", _bars(caption, ["feature", "PSI"], rows))


def _others(report: Report) -> Markup:
    metric = report.evaluation["primary"]
    baselines = [
        (
            baseline["name"],
            report.number(metric, baseline["values"].get(metric)),
            report.difference(report.compared(metric, baseline["name"])),
        )
        for baseline in report.part("baselines")
    ]
    title = report.title(metric)
    return _section(
        "What else was looked at",
        table("Candidates", ["candidate", title], report.candidate_rows()),
        table("Baselines", ["baseline", title, "candidate minus baseline"], baselines),
        table("Operation", ["", "candidate", "champion"], report.operation_rows()),
        table("Facts", ["", ""], [(name, value) for name, value in report.part("facts")]),
    )


SECTIONS = (_metrics, _gate, _curves, _slices, _importance, _explanations, _drift, _others)
