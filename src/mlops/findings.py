"""What the checks found. All of it is said before anything is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from .errors import BadInput, MlopsError

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Missing:
    """One thing that stands in the way, and what to do about it."""

    what: str
    hint: str = ""


class Findings:
    """Good findings are said at once; what is missing is collected."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.missing: list[Missing] = []

    def good(self, what: str) -> None:
        self.say(f"  ok       {what}")

    def note(self, what: str) -> None:
        self.say(f"  note     {what}")

    def lacks(self, what: str, hint: str = "") -> None:
        self.missing.append(Missing(what, hint))
        self.say(f"  missing  {what}")
        if hint:
            self.say(f"           hint: {hint}")

    def attempt(self, check: Callable[Asked, Answer], *given: Asked.args, **named: Asked.kwargs) -> Answer | None:
        """The answer of a check; None where it could not be made, which is a finding like any other."""
        try:
            return check(*given, **named)
        except MlopsError as error:
            self.lacks(str(error), error.hint)
            return None

    def refusal(self) -> BadInput:
        """What to raise where anything is missing: all of it has been said."""
        if len(self.missing) == 1:
            return BadInput(f"{self.missing[0].what}; nothing was made", self.missing[0].hint)
        return BadInput(f"{len(self.missing)} things are missing; nothing was made", "they are listed above")
