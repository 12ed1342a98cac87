"""A soft wall about a set that holds a diffusion's committor to its value there as the set's boundary would.

With g = 0 at a centre c in the set and 1 on its boundary, linear along every ray, the penalty's weight is

    kappa = kappa_0 e^{s (1 - g^2)},    kappa_0 = (2 e^{-gamma} s / R)^2,

gamma Euler's constant, s the sharpness, and R the distance of c from the boundary's tangent planes. Across a flat
boundary the backward equation is then q'' = kappa_0 e^{-2 a z} q near z = 0, a = s / R, with the solution
K_0(2 e^{-gamma} e^{-a z}) = a z + O(e^{-2 a z}): that of a boundary value 0 at z = 0. What is left is of
order 1 / a^2. g is found by the sign of the boundary function alone. About a ball kappa is a Gaussian, a
product in any Cartesian coordinates; about a half-space it depends on one coordinate.

Source: soft sets of Gaussian shape as in Chen, Hoskins, Khoo, Lindsey, arXiv 2106.12515; the strength is
ours, by the expansion of K_0 (Abramowitz, Stegun 9.6.13).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import Field

INNER = 0.2
"""A minimum of V serves as centre if it is at least so far inside, in units of the start points' mean."""
FAR = 1e2
"""What `reach` is in units of a problem's box: rays nearly along a flat boundary go far."""
LEAST = -600.0
"""Exponents below this give 0."""
HALVINGS, SECANTS = 36, 4
"""Steps towards the boundary along a ray: by signs alone, since a boundary function may jump; then by values."""


@dataclass(frozen=True)
class Wall:
    """The wall about one set.

    Args:
        boundary: its signed boundary function.
        centre: (d,) c.
        radius: R.
        reach: longest way from c at which the set's end is looked for.
    """

    boundary: Field
    centre: np.ndarray
    radius: float
    reach: float

    def share(self, x: np.ndarray) -> np.ndarray:
        """(n,) g at (n, d) points; 0 on rays that never leave the set, inf outside where c lies outside too."""
        share = np.zeros(len(x))
        offset = x - self.centre
        distance = np.linalg.norm(offset, axis=1)
        inside = np.asarray(self.boundary(x)) <= 0
        away = distance > 1e-12 * self.reach
        out, within = np.flatnonzero(~inside & away), np.flatnonzero(inside & away)
        if np.asarray(self.boundary(self.centre[None]))[0] <= 0:
            share[out] = 1.0 / np.maximum(
                way_out(self.boundary, np.tile(self.centre, (len(out), 1)), offset[out]), 1e-12
            )
        else:
            share[out] = np.inf
        step = offset[within] * (self.reach / distance[within])[:, None]
        left = self.reach * way_out(self.boundary, x[within], step)
        share[within] = distance[within] / (distance[within] + left)
        return share

    def root(self, x: np.ndarray, sharpness: float) -> np.ndarray:
        """(n,) square roots of kappa at (n, d) points."""
        exponent = sharpness * (1.0 - self.share(x) ** 2) / 2.0
        return np.where(exponent < LEAST, 0.0, self.height(sharpness) * np.exp(np.maximum(exponent, LEAST)))

    def height(self, sharpness: float) -> float:
        """The root of kappa_0, its value on the boundary."""
        return float(2.0 * np.exp(-np.euler_gamma) * sharpness / self.radius)


def wall_about(
    boundary: Field,
    starts: np.ndarray,
    bottom: np.ndarray,
    on_boundary: tuple[np.ndarray, np.ndarray],
    reach: float,
) -> Wall:
    """The wall of a set, its centre the minimum of V if that is well inside, else the start points' mean.

    Args:
        boundary: the set's signed boundary function.
        starts: (m, d) points of the set.
        bottom: (d,) the minimum of V downhill from these.
        on_boundary: points of the boundary (m, d), and their unit normals.
        reach: longest way from the centre at which the set's end is looked for.
    """
    mean = np.mean(starts, axis=0)
    ends = [nearest_end(boundary, x, reach) for x in (bottom, mean)]
    centre = bottom if ends[0] > INNER * ends[1] else mean
    points, normals = on_boundary
    # Of a set about the rest of space the start points' mean lies outside, and so are its normals turned.
    heights = np.abs(np.sum((points - centre) * normals, axis=1))
    radius = float(np.median(heights)) if len(heights) else max(ends)
    spread = float(np.max(np.linalg.norm(starts - mean, axis=1)))
    return Wall(boundary, centre, radius if 0 < radius < np.inf else max(spread, reach / FAR), reach)


def nearest_end(boundary: Field, x: np.ndarray, reach: float) -> float:
    """The shortest way out of a set from x along the axes; 0 where x lies outside."""
    if np.asarray(boundary(x[None]))[0] > 0:
        return 0.0
    ways = reach * np.concatenate([np.eye(len(x)), -np.eye(len(x))])
    return reach * float(np.min(way_out(boundary, np.tile(x, (len(ways), 1)), ways)))


def way_out(boundary: Field, x: np.ndarray, step: np.ndarray) -> np.ndarray:
    """(n,) fractions of the way from (n, d) points in a set to x + step at which a boundary is met; inf where none is.

    By signs at first, whatever values say; then by the Illinois form of regula falsi, which keeps the bracket.
    """
    low, high = np.zeros(len(x)), np.ones(len(x))
    at_low, at_high = np.asarray(boundary(x)), np.asarray(boundary(x + step))
    never, last = at_high <= 0, np.zeros(len(x), dtype=bool)
    for turn in range(HALVINGS + SECANTS if len(x) else 0):
        middle = (low + high) / 2
        if turn >= HALVINGS:
            rise = at_high - at_low
            middle = np.where(rise > 0, low - at_low * (high - low) / np.where(rise > 0, rise, 1.0), middle)
        value = np.asarray(boundary(x + middle[:, None] * step))
        inside = value <= 0
        # An end that stays once more counts half, so that none stays for long.
        again = np.where((inside == last) & (turn > HALVINGS), 0.5, 1.0)
        at_high, at_low = np.where(inside, again * at_high, value), np.where(inside, value, again * at_low)
        last = inside
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return np.where(never, np.inf, middle) if len(x) else high
