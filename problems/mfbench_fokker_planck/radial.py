"""Laws on R^d that depend on |x| alone: normalisation, exact sampling, quadrature in polar coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.polynomial.legendre import leggauss

BISECTIONS = 53
"""Halvings that bring an interval down to the spacing of float64 numbers."""


def sphere_area(dim: int) -> float:
    """S_{d-1} = 2 pi^(d/2) / Gamma(d/2), the area of the unit sphere in R^d."""
    return 2.0 * math.pi ** (dim / 2) / math.gamma(dim / 2)


def directions(dim: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, d) independent unit vectors, uniform on the sphere."""
    normal = rng.standard_normal((count, dim))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


class RadialLaw:
    """The law with density f(|x|) / K on the ball of radius `reach` in R^d.

    The density of the radius, f(r) r^(d-1), is replaced by its Chebyshev interpolant, whose integral
    is a polynomial again: normalisation and distribution function are exact to round-off as soon as
    `degree` resolves f.

    Args:
        profile: f, (n,) -> (n,), smooth; the mass beyond `reach` must be below round-off.
        dim: dimension d.
        reach: radius at which the law is cut.
        degree: of the interpolant.
    """

    def __init__(
        self, profile: Callable[[np.ndarray], np.ndarray], dim: int, reach: float, degree: int = 160
    ) -> None:
        self.dim, self.reach = dim, reach
        density = Chebyshev.interpolate(lambda r: profile(r) * r ** (dim - 1), degree, domain=[0.0, reach])
        self._cumulative = density.integ(lbnd=0.0)
        self._total = float(self._cumulative(reach))

    @property
    def normalisation(self) -> float:
        """K = S_{d-1} int_0^reach f(r) r^(d-1) dr."""
        return sphere_area(self.dim) * self._total

    def cdf(self, radii: np.ndarray) -> np.ndarray:
        """P(|X| <= r) for r in [0, reach]."""
        return self._cumulative(radii) / self._total

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent points: the radius by bisecting its distribution function."""
        radii = inverted(self.cdf, rng.random(count), 0.0, self.reach)
        return radii[:, None] * directions(self.dim, count, rng)


def inverted(
    function: Callable[[np.ndarray], np.ndarray], levels: np.ndarray, low: float, high: float
) -> np.ndarray:
    """Where an increasing function on [low, high] takes the levels (n,), (n,): by bisection."""
    below, above = np.full(len(levels), low), np.full(len(levels), high)
    for _ in range(BISECTIONS):
        middle = (below + above) / 2
        short = function(middle) < levels
        below, above = np.where(short, middle, below), np.where(short, above, middle)
    return (below + above) / 2


def ball_points(dim: int, radius: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, d) independent points, uniform in the ball of this radius."""
    return radius * rng.random((count, 1)) ** (1 / dim) * directions(dim, count, rng)


def polar_quadrature(dim: int, reach: float, radial: int, angular: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (m, d) and weights (m,) for integrals over the ball of radius `reach`, d = 2 or 3.

    Gauss-Legendre in the radius (and in the cosine of the polar angle), equal steps in the azimuth:
    spectrally accurate for smooth integrands, about any centre and in any direction.

    Raises:
        ValueError: another dimension.
    """
    azimuth = 2.0 * np.pi * np.arange(angular) / angular
    circle = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    if dim == 2:
        sphere, areas = circle, np.full(angular, 2.0 * np.pi / angular)
    elif dim == 3:
        cosine, share = leggauss(angular // 2)
        sine = np.sqrt(1.0 - cosine**2)
        sphere = np.concatenate(
            [
                (sine[:, None, None] * circle).reshape(-1, 2),
                np.repeat(cosine, angular)[:, None],
            ],
            axis=1,
        )
        areas = np.repeat(share * 2.0 * np.pi / angular, angular)
    else:
        raise ValueError(f"polar_quadrature: dim is {dim}; expected 2 or 3.")
    point, share = leggauss(radial)
    radii, lengths = reach * (point + 1) / 2, reach * share / 2
    nodes = radii[:, None, None] * sphere
    weights = np.outer(lengths * radii ** (dim - 1), areas)
    return nodes.reshape(-1, dim), weights.ravel()
