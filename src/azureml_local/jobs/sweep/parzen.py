"""Where to look next: a tree-structured Parzen estimator.

The points seen are parted into the better ones and the others; a density is laid over each, and of candidates
drawn from the better density the one is taken at which it exceeds the other most. J. Bergstra, R. Bardenet,
Y. Bengio and B. Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

BETTER = 0.15
"""The share of the points seen that are the better ones."""
CANDIDATES = 32
NARROWEST = 0.02


@dataclass(frozen=True)
class Axis:
    """One coordinate, in [0, 1): a line, or `categories` cells without an order."""

    categories: int = 0

    def cell(self, place: float) -> int:
        return min(int(place * self.categories), self.categories - 1)


class Density:
    """A density over one axis from the places of points, mixed with the even one.

    The even one counts as one point, on a line; of categories, as one in each.
    """

    def __init__(self, axis: Axis, places: Sequence[float]) -> None:
        self.axis = axis
        self.places = sorted(places)
        if axis.categories:
            cells = [axis.cell(place) for place in places]
            total = len(places) + axis.categories
            self.weights = [(cells.count(c) + 1) / total for c in range(axis.categories)]
        else:
            self.bells = [NormalDist(place, self._width(n)) for n, place in enumerate(self.places)]
            self.masses = [bell.cdf(1) - bell.cdf(0) for bell in self.bells]

    def _width(self, number: int) -> float:
        """As wide as the way to the farther neighbour; the ends of the axis are neighbours, too."""
        fenced = [0.0, *self.places, 1.0]
        before, here, after = fenced[number : number + 3]
        return min(max(here - before, after - here, NARROWEST, 1 / (2 + 5 * len(self.places))), 1.0)

    def at(self, place: float) -> float:
        if self.axis.categories:
            return self.weights[self.axis.cell(place)]
        heights = (bell.pdf(place) / mass for bell, mass in zip(self.bells, self.masses, strict=True))
        return (1 + sum(heights)) / (1 + len(self.bells))

    def draw(self, draws: random.Random) -> float:
        if self.axis.categories:
            (cell,) = draws.choices(range(self.axis.categories), self.weights)
            return (cell + 0.5) / self.axis.categories
        number = draws.randrange(1 + len(self.bells))
        if number == len(self.bells):
            return draws.random()
        bell = self.bells[number]
        low, high = bell.cdf(0), bell.cdf(1)
        share = low + draws.random() * (high - low)
        return min(max(bell.inv_cdf(min(max(share, 1e-12), 1 - 1e-12)), 0.0), math.nextafter(1, 0))


def suggest(
    axes: Sequence[Axis], seen: Sequence[tuple[Sequence[float], float]], draws: random.Random
) -> list[float]:
    """The next point. `seen` are points with their scores, of which higher is better; at least one."""
    ranked = sorted(seen, key=lambda each: -each[1])
    count = math.ceil(BETTER * len(ranked))
    sides = [
        [Density(axis, [point[n] for point, _ in side]) for n, axis in enumerate(axes)]
        for side in (ranked[:count], ranked[count:])
    ]
    better, others = sides
    candidates = [[density.draw(draws) for density in better] for _ in range(CANDIDATES)]

    def promise(point: Sequence[float]) -> float:
        pairs = zip(better, others, point, strict=True)
        return sum(math.log(b.at(place)) - math.log(o.at(place)) for b, o, place in pairs)

    return max(candidates, key=promise)
