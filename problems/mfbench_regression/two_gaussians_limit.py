"""The least risk of infinitely many units on two centred Gaussians, in d dimensions and as d grows.

The risk is convex in the measure of w and does not change when all w are rotated: a best measure is that of a radius r
times a uniform direction, and f(x) = int psi(r |x|) q(dr) with psi(t) = E s(t u_1), u uniform on the unit sphere. What
is left is a quadratic programme over laws q of r >= 0,

    R[q] = (1/2) E_+ (1 - f)^2 + (1/2) E_- (1 + f)^2,

in one dimension. r = infinity is a law, too: there psi is the constant (s_1 + s_2) / 2. As d grows |x| / d^(1/2) becomes
1 + y Delta and psi a Gaussian mean: Mei, Montanari, Nguyen, arXiv 1804.06561, section on centred isotropic Gaussians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq, minimize_scalar, nnls
from scipy.special import betainc, gammaln, ndtr
from scipy.stats import chi

BASE, RISE = -2.5, 10.0
LOW, HIGH = 0.5, 1.5
"""s goes from BASE at LOW to BASE + RISE at HIGH."""

NODES = 200
"""Of the quadrature over the radius of x, in each class."""
TAIL = 1e-15
"""Share of the radii on each side that it leaves out."""
WEIGHT = 1e3
"""Of the equation sum q = 1 in the least squares; the solution is normalised afterwards."""
NEAR, FAR = 4.0, 1e4
"""Radii r: fine steps up to the first, a geometric grid from there to the second, and infinity."""


@dataclass(frozen=True)
class Limit:
    """The best law of the radius.

    Args:
        radii: (m,) where it has mass.
        shares: (m,) the masses, of sum 1.
        risk: R of it.
        gap: R is above the least R by no more than this.
    """

    radii: np.ndarray
    shares: np.ndarray
    risk: float
    gap: float


def mean_unit(t: np.ndarray, dim: int) -> np.ndarray:
    """psi(t) = E s(t u_1), t >= 0, also infinite; in closed form, since s is piecewise linear.

    E (t u - a)^+ = t c (1 - v^2)^((d-1)/2) / (d - 1) - a P(u > v), v = a / t, where c (1 - u^2)^((d-3)/2) is u's density.
    """
    scale = math.exp(gammaln(dim / 2) - gammaln((dim - 1) / 2)) / math.sqrt(math.pi) / (dim - 1)

    def hinge(a: float) -> np.ndarray:
        finite = np.where(np.isfinite(t) & (t > a), t, 2.0 * a)
        left = 1.0 - (a / finite) ** 2
        mean = finite * scale * left ** ((dim - 1) / 2) - a * 0.5 * betainc((dim - 1) / 2, 0.5, left)
        found: np.ndarray = np.where(np.isfinite(t) & (t > a), mean, 0.0)
        return found

    inside = BASE + RISE / (HIGH - LOW) * (hinge(LOW) - hinge(HIGH))
    found: np.ndarray = np.where(np.isinf(t), BASE + 0.5 * RISE, inside)
    return found


def radial_nodes(dim: int, delta: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Radii |x| (m,), labels (m,) and weights (m,) of sum 1 for means over both classes."""
    point, share = np.polynomial.legendre.leggauss(NODES)
    low, high = chi.ppf(TAIL, dim), chi.isf(TAIL, dim)
    radius = low + (high - low) * (point + 1.0) / 2.0
    weight = share * (high - low) / 2.0 * chi.pdf(radius, dim)
    weight /= 2.0 * np.sum(weight)
    return (
        np.r_[(1.0 + delta) * radius, (1.0 - delta) * radius],
        np.r_[np.ones(NODES), -np.ones(NODES)],
        np.r_[weight, weight],
    )


@lru_cache(maxsize=32)
def finite_limit(dim: int, delta: float) -> Limit:
    """The least risk in d dimensions, by non-negative least squares on a grid of radii that is refined where it has mass.

    The gap is the duality gap: R[q] - R[p] <= int g dq - min g with g(r) the derivative of R towards a point mass at r, over
    a grid finer than the one on which q was sought.
    """
    x, y, weights = radial_nodes(dim, delta)
    root = np.sqrt(weights)

    def columns(radii: np.ndarray) -> np.ndarray:
        products = np.where(np.isinf(radii), np.inf, x[:, None] * np.where(np.isinf(radii), 1.0, radii))
        return mean_unit(products, dim) * root[:, None]

    def best(radii: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        matrix = np.vstack([columns(radii), np.full(len(radii), WEIGHT)])
        shares, _ = nnls(matrix, np.r_[y * root, WEIGHT], maxiter=100 * len(radii))
        kept = shares > 0
        shares = shares[kept] / np.sum(shares)
        return radii[kept], shares, columns(radii[kept]) @ shares - y * root

    grid = np.r_[np.linspace(0.0, NEAR, 401), np.geomspace(NEAR, FAR, 200)[1:], np.inf]
    radii, shares, residual = best(grid)
    step = NEAR / 400
    for _ in range(3):
        finite = radii[np.isfinite(radii)]
        near = np.unique((finite[:, None] + step * np.linspace(-1.0, 1.0, 21)).clip(0.0))
        radii, shares, residual = best(np.r_[near, np.inf])
        step /= 10.0
    fine = np.r_[np.linspace(0.0, NEAR, 4001), np.geomspace(NEAR, FAR, 2000), np.inf, radii]
    slope = 2.0 * columns(fine).T @ residual
    held = slope[len(fine) - len(radii) :] @ shares
    return Limit(radii, shares, float(residual @ residual), float(max(held - np.min(slope), 1e-12)))


def gaussian_mean(t: float) -> float:
    """E s(t G) for a standard normal G."""

    def hinge(a: float) -> float:
        return t * math.exp(-0.5 * (a / t) ** 2) / math.sqrt(2.0 * math.pi) - a * float(ndtr(-a / t))

    return BASE + RISE / (HIGH - LOW) * (hinge(LOW) - hinge(HIGH)) if t > 0 else BASE


def limiting_risk(delta: float) -> float:
    """The least risk as d grows, of one radius: (1/2) [(1 - q(r (1 + Delta)))^2 + (1 + q(r (1 - Delta)))^2].

    0 from Delta* on, where one radius, or two, make both brackets vanish.
    """
    if delta >= critical_delta():
        return 0.0

    def risk(r: float) -> float:
        return 0.5 * (
            (1.0 - gaussian_mean(r * (1.0 + delta))) ** 2 + (1.0 + gaussian_mean(r * (1.0 - delta))) ** 2
        )

    grid = np.linspace(0.01, 8.0, 800)
    start = int(np.argmin([risk(r) for r in grid]))
    found = minimize_scalar(
        risk, bounds=(grid[max(start - 1, 0)], grid[start + 1]), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.fun)


@lru_cache(maxsize=1)
def critical_delta() -> float:
    """Delta*, at which one radius first gives q(r (1 + Delta)) = 1 and q(r (1 - Delta)) = -1."""
    up = brentq(lambda t: gaussian_mean(t) - 1.0, 0.1, 50.0, xtol=1e-14)
    down = brentq(lambda t: gaussian_mean(t) + 1.0, 0.1, 50.0, xtol=1e-14)
    return float((up - down) / (up + down))
