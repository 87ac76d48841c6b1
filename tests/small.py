"""The project's mlops.toml for tests of delivery: little data, one family, and a gate that only reports.

How well a model of so little data does is nobody's question there.
"""

from __future__ import annotations

import re

from .project import REPOSITORY

CHANGED = {
    r"^families = .*": 'families = ["logistic_regression"]',
    r"^customers = \d+": "customers = 300",
    r"^terminals = \d+": "terminals = 400",
    r"^days = \d+": "days = 60",
    r'^mode = "enforce"': 'mode = "dry_run"',
}
"""Lines, each of which mlops.toml must have."""


def small(**more: str) -> str:
    """The text of it; `more` replaces parts of it by others."""
    text = (REPOSITORY / "mlops.toml").read_text(encoding="utf-8")
    for line, other in CHANGED.items():
        text, number = re.subn(line, other, text, flags=re.MULTILINE)
        assert number, f"mlops.toml has no line {line}"
    for part, other in more.items():
        assert part in text, part
        text = text.replace(part, other)
    return text
