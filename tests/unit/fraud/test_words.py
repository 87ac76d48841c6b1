"""Delivery knows no domain: no word of this one's stands in it, so that a fork replaces src/fraud only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraud.data.reading import COLUMNS
from fraud.evaluation.metrics import metrics_of
from fraud.features.windows import FEATURES
from fraud.settings import Settings
from fraud.training.families import FAMILIES
from tests.project import REPOSITORY

ROOMS = ("src/mlops", "pipelines")
FILES = sorted(file for room in ROOMS for file in (REPOSITORY / room).rglob("*") if file.suffix in (".py", ".css"))
NOUNS = {"fraud", "fraudulent", "customer", "card", "transaction", "merchant", "terminals"}
"""What the domain is about. A terminal is also where people type, so its plural and its column are looked for."""
NAMES = {
    *(column.name for column in COLUMNS),
    *(feature.name for feature in FEATURES),
    *metrics_of(Settings()),
    *FAMILIES,
    *(name for name in vars(Settings()) if "_" in name),  # others are plain English
}
"""Columns, features, metrics, families and settings: as whole names."""
ALLOWED = {
    ("src/mlops/cost/page.py", "transaction"): "of a storage account, which Azure charges for",
    ("src/mlops/registry", "card"): "a model card",
    ("src/mlops/github", "card"): "a model card",
    ("src/mlops/lineage", "card"): "a model card",
}


def spoken(text: str) -> Iterator[str]:
    """The domain's words in a text: names as they are, nouns in any case, also as a part of a name."""
    yield from NAMES & set(re.findall(r"\w+", text))
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)
    yield from NOUNS & {word.lower().removesuffix("s") for word in words} | NOUNS & {
        word.lower() for word in words
    }


def allowed(file: Path, word: str) -> bool:
    name = file.relative_to(REPOSITORY).as_posix()
    return any(name.startswith(place) and word == noun for place, noun in ALLOWED)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(REPOSITORY).as_posix())
def test_no_word_of_the_domain_stands_in_delivery(file: Path) -> None:
    assert {word for word in spoken(file.read_text()) if not allowed(file, word)} == set()


def test_what_is_allowed_is_there() -> None:
    needed = {
        (place, noun)
        for place, noun in ALLOWED
        for file in FILES
        if allowed(file, noun) and noun in set(spoken(file.read_text()))
    }
    assert needed == set(ALLOWED)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("for customer_id in rows", "customer"),
        ("class FraudGate", "fraud"),
        ("# some transactions", "transaction"),
        ('"TERMINAL_ID"', "TERMINAL_ID"),
        ('metrics["average_precision"]', "average_precision"),
        ('"lightgbm"', "lightgbm"),
        ("train_days", "train_days"),
    ],
)
def test_a_word_of_the_domain_is_seen(text: str, word: str) -> None:
    assert word in set(spoken(text))


def test_other_words_are_not() -> None:
    assert set(spoken("a terminal's discarded cardinality; defraud")) == set()
