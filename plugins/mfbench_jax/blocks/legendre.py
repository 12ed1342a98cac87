"""Products of Legendre polynomials in several variables, with first and second derivatives."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np


class Indices(NamedTuple):
    """Multi-indices by their entries above 0: variables (P, m) and degrees (P, m), padded by variable 0 with degree 0."""

    variables: np.ndarray
    degrees: np.ndarray


def indices(variables: int, degrees: tuple[int, ...], lowest: int) -> Indices:
    """All of total degree >= `lowest` that have m entries above 0 and at most the m-th of the degrees, m = 1, 2, ..."""
    found = []
    for size, degree in enumerate(degrees[:variables], start=1):
        padding = [0] * (len(degrees) - size)
        parts = [
            p for p in itertools.product(range(1, degree + 1), repeat=size) if lowest <= sum(p) <= degree
        ]
        for chosen in itertools.combinations(range(variables), size):
            found += [([*chosen, *padding], [*part, *padding]) for part in parts]
    both = np.array(found, int).reshape(-1, 2, len(degrees))
    return Indices(both[:, 0], both[:, 1])


def tables(r: np.ndarray, degree: int) -> np.ndarray:
    """P_n and its first and second derivative at r (n, a), (3, n, a, degree + 1)."""
    found = np.zeros((3, *r.shape, degree + 1))
    found[0, ..., 0] = 1.0
    if degree:
        found[0, ..., 1], found[1, ..., 1] = r, 1.0
    for n in range(1, degree):
        found[0, ..., n + 1] = ((2 * n + 1) * r * found[0, ..., n] - n * found[0, ..., n - 1]) / (n + 1)
        # P'_(n+1) = P'_(n-1) + (2 n + 1) P_n, and its derivative.
        for order in (1, 2):
            found[order, ..., n + 1] = found[order, ..., n - 1] + (2 * n + 1) * found[order - 1, ..., n]
    return found


def product(table: np.ndarray, at: Indices, *derived: int) -> np.ndarray:
    """The polynomials (n, P), derived once by the `derived`-th entry of each index for every time it is named."""
    value = np.ones((table.shape[1], len(at.variables)))
    for entry in range(at.variables.shape[1]):
        value *= table[derived.count(entry)][:, at.variables[:, entry], at.degrees[:, entry]]
    return value
