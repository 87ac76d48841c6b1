"""Deliberate weakenings of the templates, and the rule that is to catch each: one table a concern."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUILD = "build"
"""Stands for Bicep itself: an error, or a warning of its linter."""
USUAL = ("dev", "prod")


@dataclass(frozen=True)
class Mutation:
    """What is made worse, in which file, by which texts, who must say so, and in which deployments."""

    what: str
    file: str
    edits: tuple[tuple[str, str], ...]
    rule: str
    deployments: tuple[str, ...]


def _read(row: dict[str, Any]) -> Mutation:
    return Mutation(
        what=row["what"],
        file=row["file"],
        edits=tuple((edit["old"], edit["new"]) for edit in row["edits"]),
        rule=row["rule"],
        deployments=tuple(row.get("in", USUAL)),
    )


MUTATIONS = tuple(
    _read(row)
    for path in sorted(Path(__file__).parent.glob("*.toml"))
    for row in tomllib.loads(path.read_text())["weakening"]
)
