"""A first guess of a law from its walkers: log p up to a constant as a polynomial, by score matching.

    J(u) = E[|grad u|^2 / 2 + Lap u] = E|grad u - grad log p|^2 / 2 + const

is quadratic in the polynomial's coefficients, and needs no normalisation.

Source: Hyvarinen, J. Mach. Learn. Res. 6 (2005) 695, theorem 1.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

DEGREE = 4
MOST = 500
"""Monomials at most."""
RIDGE = 1e-8
"""Relative to the mean of the normal matrix's diagonal."""
FARTHER = 3.0
"""A polynomial is looked at so many times as far out as the points: there it must not exceed what it is among them."""
GAIN = 0.02
"""Share of E|grad u|^2 by which J of points that were not fitted must be better than a normal density's."""


class Polynomial(NamedTuple):
    """u(x) = sum_k c_k prod_i ((x_i - m_i) / s_i)^(a_ki).

    Args:
        exponents: a, (k, d).
        coefficients: c, (k,).
        mean: m, (d,).
        scale: s, (d,).
        top: the largest value among the points.
    """

    exponents: np.ndarray
    coefficients: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    top: float

    def density(self, x: np.ndarray) -> np.ndarray:
        """exp(u) at points (n, d), at most about 1 among the points that were fitted, and not normalised."""
        z = (x - self.mean) / self.scale
        return np.exp(np.minimum(monomials(z, self.exponents) @ self.coefficients - self.top, 0.0))


def matched(x: np.ndarray) -> Polynomial | None:
    """The polynomial for draws x (n, d); None where none is clearly better than a normal density, or none is a law.

    Every second draw is fitted, the others decide.
    """
    d = x.shape[1]
    exponents = np.array(
        [a for a in itertools.product(range(DEGREE + 1), repeat=d) if 0 < sum(a) <= DEGREE]
        if (DEGREE + 1) ** d <= 10**6
        else []
    )
    if not 0 < len(exponents) <= MOST:
        return None
    mean, scale = np.mean(x, axis=0), np.std(x, axis=0)
    z = (x - mean) / scale
    fit, rest = z[::2], z[1::2]
    quadratic = exponents[np.sum(exponents, axis=1) <= 2]
    found, plain = coefficients(fit, exponents, scale), coefficients(fit, quadratic, scale)
    (better, size), (worse, _) = score(rest, exponents, scale, found), score(rest, quadratic, scale, plain)
    if worse - better < GAIN * size:
        return None
    top = float(np.max(monomials(z, exponents) @ found))
    if np.max(monomials(FARTHER * z, exponents) @ found) > top:
        return None
    return Polynomial(exponents, found, mean, scale, top)


def coefficients(z: np.ndarray, exponents: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(k,) c of least J over points z (n, d) in units of their scale."""
    normal, laplacian = np.zeros((len(exponents), len(exponents))), np.zeros(len(exponents))
    for axis, unit in enumerate(scale):
        slope = derivative(z, exponents, axis, 1) / unit
        normal += slope.T @ slope / len(z)
        laplacian += np.mean(derivative(z, exponents, axis, 2), axis=0) / unit**2
    ridge = RIDGE * np.mean(np.diag(normal)) * np.eye(len(exponents))
    return np.linalg.solve(normal + ridge, -laplacian)


def score(z: np.ndarray, exponents: np.ndarray, scale: np.ndarray, c: np.ndarray) -> tuple[float, float]:
    """J over points z, and E|grad u|^2."""
    square, laplacian = 0.0, 0.0
    for axis, unit in enumerate(scale):
        square += float(np.mean((derivative(z, exponents, axis, 1) @ c / unit) ** 2))
        laplacian += float(np.mean(derivative(z, exponents, axis, 2) @ c)) / unit**2
    return square / 2.0 + laplacian, square


def monomials(z: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """(n, k) at points (n, d)."""
    result = np.ones((len(z), len(exponents)))
    for axis, powers in enumerate(exponents.T):
        table = z[:, axis, None] ** np.arange(max(1, int(np.max(exponents))) + 1)
        result *= table[:, powers]
    return result


def derivative(z: np.ndarray, exponents: np.ndarray, axis: int, order: int) -> np.ndarray:
    """(n, k) first or second derivatives of the monomials along an axis."""
    lower = exponents.copy()
    powers = exponents[:, axis]
    factor = powers if order == 1 else powers * (powers - 1)
    lower[:, axis] = np.maximum(powers - order, 0)
    return monomials(z, lower) * factor
