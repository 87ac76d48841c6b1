"""Sobol's sequence: points that fill a space more evenly than chance does.

I. M. Sobol', 1967; direction numbers: S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better
two-dimensional projections", SIAM J. Sci. Comput. 30, 2008.
"""

from __future__ import annotations

import functools
import random

BITS = 32
# Of each dimension after the first: degree and coefficients of its polynomial, and its first numbers.
DIRECTIONS = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
    (6, 1, (1, 3, 3, 9, 7, 49)),
    (6, 13, (1, 1, 1, 15, 21, 21)),
    (6, 16, (1, 3, 1, 13, 27, 49)),
    (6, 19, (1, 1, 1, 15, 7, 5)),
    (6, 22, (1, 3, 1, 15, 13, 25)),
    (6, 25, (1, 1, 5, 5, 19, 61)),
    (7, 1, (1, 3, 7, 11, 23, 15, 103)),
    (7, 4, (1, 3, 7, 13, 13, 15, 69)),
)
DIMENSIONS = len(DIRECTIONS) + 1


def point(number: int, dimensions: int, seed: str) -> list[float]:
    """The point of this number, each coordinate in (0, 1), shifted at random by `seed`, which keeps it as even.

    Raises ValueError for more than DIMENSIONS dimensions.
    """
    if dimensions > DIMENSIONS:
        raise ValueError(f"Sobol's sequence has at most {DIMENSIONS} hyperparameters here, not {dimensions}")
    shifts = random.Random(seed)  # noqa: S311
    coordinates = []
    for dimension in range(dimensions):
        place = shifts.getrandbits(BITS)
        for bit, direction in enumerate(_directions(dimension)):
            if number >> bit & 1:
                place ^= direction
        coordinates.append((place + 0.5) / 2**BITS)
    return coordinates


@functools.cache
def _directions(dimension: int) -> tuple[int, ...]:
    """The direction numbers of a dimension, as fractions of 2**BITS."""
    if dimension == 0:
        return tuple(1 << (BITS - 1 - bit) for bit in range(BITS))
    degree, coefficients, first = DIRECTIONS[dimension - 1]
    found = [number << (BITS - 1 - bit) for bit, number in enumerate(first)]
    for bit in range(degree, BITS):
        direction = found[bit - degree] ^ (found[bit - degree] >> degree)
        for term in range(1, degree):
            if coefficients >> (degree - 1 - term) & 1:
                direction ^= found[bit - term]
        found.append(direction)
    return tuple(found)
