"""A box minus discs, or minus star-shaped sets, as the exact image of a box minus squares.

The grid lives on the *sheet*, where every disc is a square hole and the grid is straight. Around
each centre c a square ring of the sheet maps to the square minus the disc, along rays:

    y = c + d,  m = |d|_inf,  L = |d|_2 / m,  f = 2 m / s - 1 in [0, 1],
    u = c + a (s L / a)^f  d / |d|_2        (m = s / 2: the circle of radius a; m = s: the square),

geometric in the radius and the identity on the square's edge. A star-shaped set has a radius a that depends on the direction
of d. The map is smooth but for kinks on
the squares' edges and diagonals, which are lines of the grid: elements of any degree keep their
order, and no circle is approximated (Gordon and Hall 1973, blending functions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isclose

import numpy as np

EDGE = 1e-12
"""Relative slack with which a point counts as lying within a square or outside a disc."""


Outline = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Angles -> radius a and d log a / d angle in those directions from a centre, each of the same shape."""


@dataclass(frozen=True, kw_only=True)
class PuncturedBox:
    """A rectangle minus discs of one radius; a centre may lie on the lower edge (half a disc).

    Args:
        lower: (x, y) of the lower left corner.
        upper: (x, y) of the upper right corner.
        centres: centres (x, y) of the discs.
        radius: a; with outlines, the largest.
        reach: s > a, half the edge of the squares around the discs. They may touch, not overlap.
        outlines: of star-shaped sets, one for each centre; none for discs.
        layers: of ever finer cells towards the sets' rims, for committors that are not smooth there.

    Raises:
        ValueError: squares that are too small, overlap, or leave the box.
    """

    lower: tuple[float, float]
    upper: tuple[float, float]
    centres: tuple[tuple[float, float], ...]
    radius: float
    reach: float
    outlines: tuple[Outline, ...] = ()
    layers: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.radius < self.reach:
            raise ValueError(
                f"PuncturedBox: radius is {self.radius}, reach {self.reach}; expected 0 < radius < reach."
            )
        s, slack = self.reach, self.reach * EDGE
        for i, centre in enumerate(self.centres):
            for c, low, high, halved in zip(centre, self.lower, self.upper, (False, True), strict=True):
                if not ((low + s <= c + slack or (halved and isclose(c, low))) and c + s <= high + slack):
                    raise ValueError(
                        f"PuncturedBox: the square of half-edge {s} around {centre} leaves the box "
                        f"{self.lower}, {self.upper}; expected it inside, or its centre on the lower edge."
                    )
            for other in self.centres[:i]:
                if max(abs(p - q) for p, q in zip(centre, other, strict=True)) < 2 * s - slack:
                    raise ValueError(
                        f"PuncturedBox: the squares of half-edge {s} around {centre} and {other} overlap; "
                        "expected a smaller reach."
                    )

    def halved(self, centre: tuple[float, float]) -> bool:
        """True where only the upper half of the disc lies in the box."""
        return isclose(centre[1], self.lower[1])

    def rim(self, side: int, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Radius a and d log a / d angle, each (...), of a set in directions d (2, ...) from its centre."""
        if self.outlines:
            return self.outlines[side](np.arctan2(d[1], d[0]))
        return np.full(d.shape[1:], self.radius), np.zeros(d.shape[1:])

    def gap(self, side: int, u: np.ndarray) -> np.ndarray:
        """(...) distance of points u (2, ...) from the rim along the ray from the centre, <= 0 in the set."""
        d = u - np.reshape(self.centres[side], (2,) + (1,) * (u.ndim - 1))
        return np.hypot(*d) - self.rim(side, d)[0]

    def from_sheet(self, sheet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(2, ...) points of the sheet -> points u (2, ...) and Jacobians du_i / dy_j (2, 2, ...)."""
        u = np.array(sheet, dtype=float)
        jacobian = np.zeros((2, *u.shape))
        jacobian[0, 0] = jacobian[1, 1] = 1.0
        s = self.reach
        for side, centre in enumerate(self.centres):
            c = np.reshape(centre, (2,) + (1,) * (u.ndim - 1))
            within = np.max(np.abs(sheet - c), axis=0) <= s * (1 + EDGE)
            d = (sheet - c)[:, within]
            a, turn = self.rim(side, d)
            m, length = np.max(np.abs(d), axis=0), np.hypot(*d)
            m_gradient = np.where(np.abs(d) == m, np.sign(d), 0.0)
            stretch, f = np.log(s * length / (m * a)), 2.0 * m / s - 1.0
            # u = c + g d with log g = log a + f stretch - log |d|.
            g = a * np.exp(f * stretch) / length
            across = np.stack([-d[1], d[0]])  # |d|^2 times the gradient of the angle
            g_gradient = (2.0 * stretch / s - f / m) * m_gradient
            g_gradient += (f - 1.0) * (d - turn * across) / length**2
            u[:, within] = c.reshape(2, 1) + g * d
            jacobian[:, :, within] = g * (np.eye(2)[:, :, None] + d[:, None] * g_gradient[None])
        return u, jacobian

    def to_sheet(self, u: np.ndarray) -> np.ndarray:
        """(2, ...) points of the box outside the discs -> the sheet; points inside discs map to NaN."""
        sheet = np.array(u, dtype=float)
        s = self.reach
        for side, centre in enumerate(self.centres):
            c = np.reshape(centre, (2,) + (1,) * (sheet.ndim - 1))
            within = np.max(np.abs(u - c), axis=0) <= s
            d = (u - c)[:, within]
            a, _ = self.rim(side, d)
            m, length = np.max(np.abs(d), axis=0), np.hypot(*d)
            with np.errstate(divide="ignore", invalid="ignore"):
                f = np.log(length / a) / np.log(s * length / (m * a))
                inner = d / m * (1.0 + np.maximum(f, EDGE)) * s / 2.0
            sheet[:, within] = np.where(length >= a * (1 - EDGE), c.reshape(2, 1) + inner, np.nan)
        return sheet
