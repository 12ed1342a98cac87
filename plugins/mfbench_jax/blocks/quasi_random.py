"""Quasi-random points: Halton's sequence with permuted digits.

`scipy.stats` has it, too, and costs every trial 1.3 s to import.
"""

from __future__ import annotations

import numpy as np


def halton(rng: np.random.Generator, dim: int, count: int) -> np.ndarray:
    """(count, dim) points in (0, 1).

    Coordinate j of point k has the digits of k in the j-th prime base b after its point, each place with a random
    permutation of its own, down to places below float64's: the projections of b^m points in a row have one in every b^-m.
    Owen, arXiv 1706.02808.

    Args:
        rng: draws the permutations.
        dim, count: numbers of coordinates and of points.
    """
    return np.stack([_permuted_inverse(rng, base, count) for base in _primes(dim)], axis=1)


def _permuted_inverse(rng: np.random.Generator, base: int, count: int) -> np.ndarray:
    """(count,) numbers in (0, 1): van der Corput's sequence in a base."""
    rest, share, found = np.arange(count), 1.0 / base, np.zeros(count)
    while share > 2.0**-53:
        found += share * rng.permutation(base)[rest % base]
        rest, share = rest // base, share / base
    return np.clip(found, 2.0**-53, 1.0 - 2.0**-53)


def _primes(number: int) -> list[int]:
    """The first primes."""
    found: list[int] = []
    candidate = 2
    while len(found) < number:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found
