"""Search spaces: what each hyperparameter may be.

Every distribution is its quantile function: a number from 0 to 1 goes in, a value comes out. So all samplers speak
one language, whatever the distribution. Meaning of each: learn.microsoft.com, how-to-tune-hyperparameters.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

Values = dict[str, Any]
"""A point of a search space: a value for each hyperparameter."""

ARGUMENTS = {
    "choice": ("values",),
    "randint": ("upper",),
    "uniform": ("min_value", "max_value"),
    "loguniform": ("min_value", "max_value"),
    "quniform": ("min_value", "max_value", "q"),
    "qloguniform": ("min_value", "max_value", "q"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "qlognormal": ("mu", "sigma", "q"),
}
"""The distributions, and their arguments in the order of the wire."""


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter. Raises ValueError for arguments that are none of its distribution's."""

    kind: str
    arguments: tuple[Any, ...]

    def __post_init__(self) -> None:
        names = ARGUMENTS.get(self.kind)
        if names is None:
            raise ValueError(f"'{self.kind}' is no distribution; there are: {', '.join(ARGUMENTS)}")
        if len(self.arguments) != len(names):
            raise ValueError(f"{self.kind} takes {', '.join(names)}, not {list(self.arguments)}")
        if self.kind == "choice":
            if not isinstance(self.arguments[0], list) or not self.arguments[0]:
                raise ValueError("choice takes a list of values that is not empty")
            return
        given = dict(zip(names, self.arguments, strict=True))
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in self.arguments):
            raise ValueError(f"{self.kind} takes numbers, not {list(self.arguments)}")
        if any(given[name] <= 0 for name in ("sigma", "q", "upper") if name in given):
            raise ValueError(f"{self.kind}: sigma, q and upper are above zero")
        if "min_value" in given and not given["min_value"] < given["max_value"]:
            raise ValueError(f"{self.kind}: min_value is below max_value")

    @property
    def discrete(self) -> bool:
        """Whether its values can be counted."""
        return self.kind == "choice" and all(_discrete(each) for each in self.arguments[0])

    def all(self) -> list[Any]:
        """Every value of a discrete parameter, in its order."""
        return [value for each in self.arguments[0] for value in _all(each)]

    def at(self, share: float, base: float = math.e) -> Any:
        """The value that `share` (in [0, 1)) of the distribution lies below; `base` is that of its logarithm."""
        if self.kind == "choice":
            place = share * len(self.arguments[0])
            return _drawn(self.arguments[0][int(place)], random.Random(repr(place % 1)), base)  # noqa: S311
        first = self.arguments[0]
        if self.kind == "randint":
            return int(share * first)
        if self.kind.endswith("uniform"):
            value = first + share * (self.arguments[1] - first)
        else:
            value = NormalDist(first, self.arguments[1]).inv_cdf(min(max(share, 1e-12), 1 - 1e-12))
        if "log" in self.kind:
            value = base**value
        return round(value / self.arguments[2]) * self.arguments[2] if self.kind.startswith("q") else value


def read(expression: Any) -> Parameter:
    """A parameter from either form: `["uniform", [0, 1]]` of jobs, `{"type": "uniform", …}` of nodes."""
    if isinstance(expression, Mapping):
        kind = str(expression.get("type"))
        names = ARGUMENTS.get(kind, ())
        return Parameter(kind, tuple(expression[name] for name in names if expression.get(name) is not None))
    if isinstance(expression, Sequence) and len(expression) == 2 and isinstance(expression[1], list):
        return Parameter(str(expression[0]), tuple(expression[1]))
    raise ValueError(f"{json.dumps(expression)} is no distribution")


def text(value: Any) -> str:
    """A value as a command is given it: text as it is, a nested space as JSON."""
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def _is_parameter(member: Any) -> bool:
    named = isinstance(member, list) and len(member) == 2
    kind = member.get("type") if isinstance(member, Mapping) else member[0] if named else None
    return isinstance(kind, str) and kind in ARGUMENTS


def _members(value: Any, of: Callable[[Parameter], Any], plain: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: of(read(each)) if _is_parameter(each) else plain(each) for name, each in value.items()}


def _discrete(value: Any) -> bool:
    nested = isinstance(value, dict)
    return not nested or all(_members(value, lambda each: each.discrete, lambda _: True).values())


def _all(value: Any) -> list[Any]:
    """The values that one of a choice stands for: itself, or each of its nested space."""
    if not isinstance(value, dict):
        return [value]
    members = _members(value, Parameter.all, lambda each: [each])
    return [dict(zip(members, row, strict=True)) for row in itertools.product(*members.values())]


def _drawn(value: Any, draws: random.Random, base: float) -> Any:
    if not isinstance(value, dict):
        return value
    return _members(value, lambda each: each.at(draws.random(), base), lambda each: each)
