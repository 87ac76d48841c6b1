"""What the person at this machine can mend."""

from __future__ import annotations


class LocalError(Exception):
    """Shown as one line; `hint` says what to do next. Exit code 1: it failed; 2: the input is wrong."""

    def __init__(self, message: str, hint: str = "", exit_code: int = 1) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code


class PortTaken(LocalError):
    """Something else listens where the server shall: another port is to be named, in the caller's own way."""
