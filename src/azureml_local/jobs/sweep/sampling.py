"""Samplers: which point of a search space is tried next."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from . import parzen, sobol
from .space import Parameter, Values

Space = Mapping[str, Parameter]
Seen = Sequence[tuple[Values, float]]
"""Points that were tried, with their scores, of which higher is better."""
FIRST = 5
"""How many points Bayesian sampling spreads evenly before it looks at scores."""

REDRAWN = 20
"""How often chance is asked for a new combination of choices before what is left is listed."""


class Sampler(Protocol):
    """Chooses points."""

    def sample(self, number: int, tried: Sequence[Values], seen: Seen) -> Values | None:
        """The point of the trial `number`, from 0 on; None where there is none left.

        `tried` are those of all trials up to now. The same arguments give the same point: a server that is started
        anew goes on where its predecessor stopped.
        """


@dataclass(frozen=True)
class Grid:
    """Every combination of choices, once."""

    space: Space

    def __post_init__(self) -> None:
        others = [name for name, parameter in self.space.items() if not parameter.discrete]
        if others:
            raise ValueError(f"grid sampling takes choices only; {', '.join(others)} is none")

    def sample(self, number: int, tried: Sequence[Values], seen: Seen) -> Values | None:
        rows = itertools.product(*(parameter.all() for parameter in self.space.values()))
        row = next(itertools.islice(rows, number, None), None)
        return None if row is None else dict(zip(self.space, row, strict=True))


@dataclass(frozen=True)
class Random:
    """Chance, or Sobol's sequence; of choices alone no combination is drawn twice."""

    space: Space
    seed: str
    even: bool = False
    base: float = math.e

    def sample(self, number: int, tried: Sequence[Values], seen: Seen) -> Values | None:
        if all(parameter.discrete for parameter in self.space.values()):
            return self._rest(number, tried)
        return self._at(self._point(number))

    def _rest(self, number: int, tried: Sequence[Values]) -> Values | None:
        """A combination that was not drawn before. Source: a sweep's record, 80 trials of 196, all different."""
        known = {json.dumps(values) for values in tried}
        draws = random.Random(f"{self.seed} {number}")  # noqa: S311
        for point in (self._point(number), *([draws.random() for _ in self.space] for _ in range(REDRAWN))):
            if json.dumps(drawn := self._at(point)) not in known:
                return drawn
        rows = itertools.product(*(parameter.all() for parameter in self.space.values()))
        left = [row for row in rows if json.dumps(dict(zip(self.space, row, strict=True))) not in known]
        chosen = draws.choice(left) if left else None
        return None if chosen is None else dict(zip(self.space, chosen, strict=True))

    def _point(self, number: int) -> list[float]:
        if self.even:
            return sobol.point(number, len(self.space), self.seed)
        draws = random.Random(f"{self.seed}/{number}")  # noqa: S311
        return [draws.random() for _ in self.space]

    def _at(self, point: Sequence[float]) -> Values:
        pairs = zip(self.space.items(), point, strict=True)
        return {name: parameter.at(share, self.base) for (name, parameter), share in pairs}


@dataclass(frozen=True)
class Bayesian:
    """A few points spread evenly, then where the scores up to now promise most (`parzen.py`)."""

    space: Space
    seed: str

    def __post_init__(self) -> None:
        kinds = ("choice", "uniform", "quniform")
        others = [name for name, parameter in self.space.items() if parameter.kind not in kinds]
        if others:
            raise ValueError(f"bayesian sampling takes {', '.join(kinds)}; {', '.join(others)} is none of them")

    def sample(self, number: int, tried: Sequence[Values], seen: Seen) -> Values | None:
        spread = Random(self.space, self.seed, even=len(self.space) <= sobol.DIMENSIONS)
        points = size(self.space)
        if points is not None and len(tried) >= points:
            return None
        if number < FIRST or not seen:
            return spread.sample(number, tried, seen)
        axes = [parzen.Axis(len(p.arguments[0]) if p.kind == "choice" else 0) for p in self.space.values()]
        known = [([_place(p, values[name]) for name, p in self.space.items()], score) for values, score in seen]
        draws = random.Random(f"{self.seed}/{number}")  # noqa: S311
        shares = parzen.suggest(axes, known, draws)
        values = {name: p.at(share) for (name, p), share in zip(self.space.items(), shares, strict=True)}
        # a point of choices that is known already teaches nothing: another one, then
        return spread.sample(number, tried, seen) if values in tried else values


def _place(parameter: Parameter, value: Any) -> float:
    """Where a value lies in [0, 1]: the inverse of `Parameter.at`, as far as there is one."""
    if parameter.kind == "choice":
        options = parameter.arguments[0]
        found = next((n for n, each in enumerate(options) if each == value or _stems(value, each)), 0)
        return float((found + 0.5) / len(options))
    low, high = parameter.arguments[:2]
    return float(min(max((value - low) / (high - low), 0.0), 1.0))


def _stems(value: Any, option: Any) -> bool:
    """Whether a point was drawn from a nested space: it has its plain members."""
    return (
        isinstance(value, dict)
        and isinstance(option, dict)
        and value.keys() == option.keys()
        and all(value[name] == each for name, each in option.items() if not isinstance(each, list | dict))
    )


def size(space: Space) -> int | None:
    """How many points a space has; None where they cannot be counted."""
    if not all(parameter.discrete for parameter in space.values()):
        return None
    return math.prod(len(parameter.all()) for parameter in space.values())


def _grid(space: Space, options: Mapping[str, Any], seed: str) -> Sampler:
    return Grid(space)


def _random(space: Space, options: Mapping[str, Any], seed: str) -> Sampler:
    rule = str(options.get("rule") or "random").lower()
    if rule not in ("random", "sobol"):
        raise ValueError(f"the rule of random sampling is random or sobol, not {rule}")
    base = options.get("logbase")
    number = math.e if base in (None, "e") else float(str(base))
    if number <= 0 or number == 1:
        raise ValueError(f"the logbase of random sampling is a number above zero, or e, not {base}")
    if rule == "sobol" and len(space) > sobol.DIMENSIONS:
        raise ValueError(f"sobol takes at most {sobol.DIMENSIONS} hyperparameters here, not {len(space)}")
    given = options.get("seed")
    return Random(space, seed if given is None else str(given), even=rule == "sobol", base=number)


def _bayesian(space: Space, options: Mapping[str, Any], seed: str) -> Sampler:
    return Bayesian(space, seed)


SAMPLERS: dict[str, Callable[[Space, Mapping[str, Any], str], Sampler]] = {
    "grid": _grid,
    "random": _random,
    "bayesian": _bayesian,
}
"""The sampling algorithms of the wire: how each is made of a space, its options and the sweep's own seed."""
