"""The kinds of jobs, a row each."""

from __future__ import annotations

from .command import Command
from .kind import Kind, Kinds
from .pipeline import Pipeline
from .sweep.job import Sweep

ROWS: tuple[Kind, ...] = (Command(), Pipeline(), Sweep())
KINDS = Kinds(ROWS)
