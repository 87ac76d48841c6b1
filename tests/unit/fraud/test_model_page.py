"""docs/model.md, the model's page, says what the features know of the simulator, and which families there are."""

from fraud.features.assumptions import MIRRORS_SIMULATOR
from fraud.training.families import FAMILIES
from tests.emulator import REPOSITORY

PAGE = (REPOSITORY / "docs" / "model.md").read_text(encoding="utf-8")


def test_the_page_names_each_constant_that_mirrors_the_simulator_with_its_value() -> None:
    rows = [f"| {name} | {value} | {text} |" for name, value, text in MIRRORS_SIMULATOR]
    assert [row for row in rows if row not in PAGE] == []


def test_the_page_has_a_row_for_each_family() -> None:
    assert [name for name in FAMILIES if f"| {name} | " not in PAGE] == []
