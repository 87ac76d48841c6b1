"""The report shows what the documents hold, safely, in each of its forms."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.gate.decide import decide
from mlops.gate.shape import UnusableEvidence
from mlops.report import evidence as report
from mlops.report.evidence.page import STYLE
from tests.unit.mlops.evidence import evaluation, policy, slice_of, without_champion

VOID = {"meta"}
STRICT = {"guardrails": {"recall": 0.02}, "slices": {"margin": 0.1}, "calibration": {"brier": "10%"}}


class Page(HTMLParser):
    """A page as its elements and its text; raises where an element is not closed by its own end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.said += f" {data}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _page(document: dict[str, Any], **policies: Any) -> Page:
    return Page(report.page(document, decide(document, policy(**policies))))


def test_the_page_shows_all_there_is() -> None:
    document = evaluation(slices=[slice_of("0 to 20", -0.3, 0.05), slice_of("above 220", 0, 0, assessed=False)])
    page = _page(document, **STRICT)
    for text in (
        "boosting is refused",
        "amount 0 to 20: average_precision -0.300 [-0.382, -0.218] against fraud:3 is worse than the margin of",
        "58,264 rows of 4,390 units (card), with 258 events (fraudulent card)",
        "not assessed: 4 fraudulent cards, 10 are needed",
        "expected cost (lower is better)",
        "-2.0 [-3.6, -0.4]",
        "precision and recall",
        "0.2100 ± 0.0100",
        "0.012 ms",
        "0.216 MB",
        "2018-06-02 to 2018-07-31",
        "only TX_AMOUNT",
        "TX_AMOUNT = 12.5: +0.75",
    ):
        assert text in page.said, text


def test_what_is_not_known_is_left_out() -> None:
    document = evaluation()
    document["slices"][0]["comparison"] = {
        **document["slices"][0]["comparison"],
        "value": None,
        "intervals": {level: [None, None] for level in ("0.8", "0.9", "0.95", "0.98", "0.99")},
    }
    document["gaps"][0]["interval"] = {"0.9": [None, None]}
    document["curves"][0]["lines"][0]["points"][3] = [0.5, None]
    document["curves"][0]["lines"][0]["band"][3] = [0.5, None, None]
    document["curves"][1]["lines"] = [{"name": "candidate", "points": [[0.5, None]]}]
    page = _page(document, **STRICT)
    assert len([image for image in page.all("svg") if image.get("role") == "img"]) == 2
    assert "None" not in page.said


def test_it_is_one_file_that_asks_for_nothing() -> None:
    text = report.page(evaluation(), decide(evaluation(), policy()))
    page = Page(text)
    assert not {tag for tag, _ in page.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "a",
    }
    attributes = {name for _, found in page.elements for name in found}
    assert not attributes & {"src", "href", "action", "style"}
    assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", text)


def test_it_can_be_read_by_those_who_do_not_see_it() -> None:
    page = _page(evaluation(), **STRICT)
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert all(head.get("scope") in {"row", "col"} for head in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) > 5
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for image in page.all("svg"):
        if image.get("aria-hidden") == "true":
            continue
        assert image["role"] == "img"
        assert set((image["aria-labelledby"] or "").split()) <= set(ids)
    assert len([image for image in page.all("svg") if image.get("role") == "img"]) == 3
    for region in page.all("div"):
        if region.get("class") == "scroll":
            assert (region["role"], region["tabindex"]) == ("region", "0")


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_its_colours_can_be_told_apart(mode: str) -> None:
    """WCAG 2.2: 4.5 for text, in either mode."""
    light, dark = STYLE.read_text().split("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", light if mode == "light" else dark.split("\n}")[0]))
    assert len(colours) == 10
    for name in ("ink", "soft", "candidate", "champion", "good", "bad", "unsure"):
        for behind in ("paper", "raised"):
            lighter, darker = sorted((_luminance(colours[name]), _luminance(colours[behind])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (name, behind)


NASTY = "</title><script>alert(1)</script>|x*_[a](b)`\n# @someone <img src=x onerror=y>&amp;"


def _everywhere(value: Any, text: str) -> Any:
    """Each text that is not a key, a schema or a word of the format, with something nasty added."""
    if isinstance(value, dict):
        kept = {"schema", "direction", "metric", "reference", "primary", "selected"}
        return {key: one if key in kept else _everywhere(one, text) for key, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one, text) for one in value]
    return value + text if isinstance(value, str) and value not in {"boosting", "brier", "constant"} else value


def _nasty(text: str) -> dict[str, Any]:
    baselines = [{"name": "constant", "values": {"average_precision": 0.01}}]
    return {**_everywhere(evaluation(alarms=[{"alarm": "leakage", "text": "x"}]), text), "baselines": baselines}


def test_what_others_wrote_is_text_and_nothing_else() -> None:
    document = _nasty(NASTY)
    verdict = decide(document, policy(**STRICT))
    page = Page(report.page(document, verdict))
    assert not page.all("script")
    assert not page.all("img")
    assert "<script>alert(1)</script>" in page.said
    markdown = report.lines(document, verdict, markdown=True)
    text = "\n".join(markdown)
    assert "<script" not in text
    assert "<img" not in text
    assert "@someone" not in text
    assert not re.search(r"(?<!\\)\[a\]\(", text)
    bare = [re.sub(r"\\.", "", line) for line in markdown]
    assert all("\n" not in line for line in markdown)
    rows = [line.count("|") for line in bare if line.startswith("|")]
    heads = [bare[i - 1].count("|") for i, line in enumerate(bare) if re.fullmatch(r"\|[ -|]+\|", line)]
    assert set(rows) <= set(heads)


@settings(max_examples=30)
@given(st.text(max_size=20))
def test_any_text_leaves_the_page_whole(text: str) -> None:
    document = _nasty(text)
    Page(report.page(document, decide(document, policy(**STRICT))))


@pytest.mark.parametrize("document", [evaluation(), without_champion()], ids=["champion", "first"])
def test_it_fits_a_terminal(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    verdict = decide(document, policy(floors={"average_precision": 0.8}, **STRICT))
    lines = report.lines(document, verdict)
    assert max(map(len, lines)) <= 80
    assert lines[-2:] == ["gate: boosting is refused", "- average_precision 0.760 is below the floor 0.8"]
    assert "trained on: 2018-06-02 to 2018-07-31" in lines


def test_the_pull_request_is_told_the_verdict_first() -> None:
    document = evaluation()
    lines = report.lines(document, decide(document, policy(rule="superiority")), markdown=True)
    assert lines[:3] == [
        "### Card fraud, test week 2018-08-08 to 2018-08-14",
        "",
        "**gate: boosting is undecided**",
    ]
    assert lines[4].startswith(
        "- average\\_precision -0.005 \\[-0.012, +0.002\\] against fraud:3 is too uncertain"
    )
    first = next(line for line in lines if line.startswith("| primary"))
    assert "| undecided |" in first


def test_a_small_domain_writes_little() -> None:
    metric = {"title": "root mean squared error", "unit": "", "direction": "lower", "digits": 1}
    document = {
        "schema": "evaluation/2",
        "title": "Diabetes",
        "data": {"rows": 110, "unit": "patient", "units": 110, "event": "patient", "events": 110},
        "metrics": {"rmse": metric},
        "candidates": [{"name": "ridge", "metrics": {"rmse": 54.2}}],
        "selected": "ridge",
        "selected_by": "rmse",
        "primary": "rmse",
        "candidate": {"name": "ridge", "values": {"rmse": 54.2}},
        "champion": None,
        "comparisons": [],
    }
    verdict = decide(document, policy(floors={"rmse": 60}))
    assert verdict["decision"] == "accept"
    page = Page(report.page(document, verdict))
    assert "ridge is accepted" in page.said
    assert "a first model: there is no champion" in page.said
    assert "54.2" in page.said
    assert "#### Slices" not in report.lines(document, verdict, markdown=True)


JSON = st.recursive(
    st.none() | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=60)
@given(st.sampled_from(sorted(evaluation())), JSON)
def test_what_the_gate_can_judge_can_be_shown(part: str, value: Any) -> None:
    document = evaluation(**{part: value})
    try:
        verdict = decide(document, policy())
    except UnusableEvidence:
        return
    assert report.lines(document, verdict)
    Page(report.page(document, verdict))


def test_the_style_is_beside_the_code() -> None:
    assert STYLE.is_relative_to(Path(report.__file__).parent)
