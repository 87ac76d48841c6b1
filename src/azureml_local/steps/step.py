"""What a step is, and how one ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .bindings import Value
from .distribution import Distribution


@dataclass(frozen=True)
class Step:
    """What to run: a command job, or a command node of a pipeline with its values resolved."""

    command: str
    environment: str
    code: str | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    distribution: Distribution | None = None
    """How many processes run the command; None: one."""


@dataclass(frozen=True)
class End:
    """How a step or a job ended: a terminal status and, unless it completed, what to say of it."""

    status: str
    message: str = ""
    code: str = "UserError"

    @property
    def problem(self) -> dict[str, Any] | None:
        """The error of a run's record."""
        return {"code": self.code, "message": self.message} if self.message else None
