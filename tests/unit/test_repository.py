"""Rules of the house that a machine can check."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LONGEST = 500
LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=REPOSITORY,
    capture_output=True,
    text=True,
    check=True,
)
FILES = [REPOSITORY / name for name in LISTED.stdout.splitlines() if (REPOSITORY / name).is_file()]
PYTHON = [file for file in FILES if file.suffix == ".py"]
LOCKS = [file for file in FILES if file.name == "requirements.txt"]
WORKFLOWS = [
    file
    for file in FILES
    if file.is_relative_to(REPOSITORY / ".github") and {"workflows", "actions"} & {*file.parts}
]


def _name(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("file", PYTHON, ids=_name)
def test_files_stay_short(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("file", LOCKS, ids=_name)
def test_locks_have_hashes_and_no_addresses(file: Path) -> None:
    text = file.read_text()
    pins = re.findall(r"^[a-z0-9._-]+(?:\[[^\]]+\])?==", text, re.MULTILINE | re.IGNORECASE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index" not in re.sub(r"^[a-z0-9._-]+==.*$|#.*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("file", WORKFLOWS, ids=_name)
def test_actions_are_pinned_by_hash(file: Path) -> None:
    used = re.findall(r"uses:\s*(\S+)", file.read_text())
    assert used
    assert all(re.search(r"@[0-9a-f]{40}$", action) or action.startswith("./") for action in used)


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    lines = (REPOSITORY / "README.md").read_text().splitlines()
    assert len(lines) <= 150
    head = "\n".join(lines[:12])
    assert "make demo" in head
    assert "make test" in head


def test_links_of_the_documentation_lead_somewhere() -> None:
    for page in [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_table_of_rules_in_the_documentation_is_the_real_one() -> None:
    from azureml_local import parity

    assert (REPOSITORY / "docs" / "parity.md").read_text() == parity.render()


def test_base_images_are_pinned_by_digest() -> None:
    dockerfiles = list((REPOSITORY / "environments").glob("*/Dockerfile"))
    assert dockerfiles
    for file in dockerfiles:
        bases = re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE)
        assert bases
        assert all(re.search(r"@sha256:[0-9a-f]{64}$", base) for base in bases)
