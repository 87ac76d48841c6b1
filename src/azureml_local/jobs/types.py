"""The kinds of jobs, a row each."""

from __future__ import annotations

from .command import Command
from .kind import Kind, Kinds
from .pipeline import Pipeline

ROWS: tuple[Kind, ...] = (Command(), Pipeline())
KINDS = Kinds(ROWS)
