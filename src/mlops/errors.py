"""Errors of the command line. Each class has an exit code of its own; `hint` says what to do next.

MlopsError          1   something failed; the message says what and where
├── BadInput        2   a file, an option or mlops.toml is not as it must be
├── GateRefused     3   the candidate did not pass
├── ServiceFailed   4   Azure ML could not be reached or answered with an error
├── RunFailed       5   a run was submitted and did not complete
├── Busy            6   another release of the endpoint is at work
└── RolledBack      7   a release was stopped, and the traffic is where it was before
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class MlopsError(Exception):
    """Shown as one line, and below it the first of its details, without a traceback."""

    exit_code = 1

    def __init__(
        self, message: str, hint: str = "", details: Sequence[str] = (), violations: Sequence[Any] = ()
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = list(details)
        """Lines that follow the message: which rows, which files."""
        self.violations = list(violations)
        """The same as documents."""


class BadInput(MlopsError):
    """Nothing was begun: the input is wrong."""

    exit_code = 2


class GateRefused(MlopsError):
    """The gate decided against the candidate."""

    exit_code = 3


class ServiceFailed(MlopsError):
    """Azure ML refused or could not be reached."""

    exit_code = 4


class RunFailed(MlopsError):
    """A run ended without completing."""

    exit_code = 5


class Busy(MlopsError):
    """Nothing was begun: somebody else is at work on the same endpoint."""

    exit_code = 6


class RolledBack(MlopsError):
    """A release was stopped by its proof or its canary; the endpoint serves what it served before."""

    exit_code = 7
