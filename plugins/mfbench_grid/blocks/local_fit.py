"""Moving least squares: values between scattered data, from one side of a boundary."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from scipy.spatial import cKDTree

DEGREE = 3
NEIGHBOURS = {1: 8, 2: 24, 3: 84}
"""Enough that half a ball of them, next to a boundary, spans the four layers that a cubic needs."""

CORE = 0.01
"""Squared distance, in units of the neighbourhood's radius, below which weights grow no more."""

RIDGE = 1e-14
"""Relative to the trace: picks the flattest of all fits where neighbours do not fix the cubic."""

SMALL = 0.1
"""Data smaller than this share of the neighbourhood's mean size count no more than others as small."""

TINY = 1e-290
"""Keeps quotients of sizes finite where all of them are 0."""

FAR = 2.0
"""Spacings from the nearest datum beyond which its value is kept constant instead of extrapolated."""


class LocalFit:
    """The weighted cubic fit about a point, in value and gradient; error h^4 and h^3.

    Weights fall to 0 at the outermost neighbour and are large close to the point, so that the fit
    is continuous in the point and nearly interpolates. They also grow as data get smaller: next to
    a boundary on which the function is 0 a good fit errs in proportion to it.

    Source: Lancaster, Salkauskas, Math. Comp. 37 (1981) 141.

    Args:
        x: (m, d) where values are known.
        values: (m,).
        sizes: (m,) >= 0: to which an error at a datum is to be compared.
        spacings: (d,) typical distances of neighbours along the axes.
    """

    def __init__(self, x: np.ndarray, values: np.ndarray, sizes: np.ndarray, spacings: np.ndarray) -> None:
        self.spacings = np.asarray(spacings)
        self.tree = cKDTree(x / self.spacings)
        self.values, self.sizes = values, sizes
        self.neighbours = min(NEIGHBOURS[x.shape[1]], len(x))

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) points -> (n,) values and (n, d) gradients."""
        dim = x.shape[1]
        centre = x / self.spacings
        distance, index = self.tree.query(centre, k=np.arange(1, self.neighbours + 1))
        # A hair more than the outermost distance, and never 0, so that every weight is positive.
        radius = 1.0001 * np.maximum(distance[:, -1:], 1e-6)
        offsets = (self.tree.data[index] - centre[:, None]) / radius[:, :, None]
        squares = (distance / radius) ** 2
        weights = (1.0 - squares) ** 2 / (squares + CORE)
        sizes = self.sizes[index]
        mean = np.sum(weights * sizes, axis=1, keepdims=True) / np.sum(weights, axis=1, keepdims=True)
        weights = weights / ((sizes / np.maximum(mean, TINY)) ** 2 + SMALL**2)
        monomials = _monomials(offsets)
        weighted = np.swapaxes(monomials * weights[:, :, None], 1, 2)
        normal = weighted @ monomials
        size = np.trace(normal, axis1=1, axis2=2)[:, None, None]
        slopes = np.arange(normal.shape[1]) > 0
        normal = normal + RIDGE * size * np.diag(slopes)
        data = self.values[index][:, :, None]
        fitted = np.linalg.solve(normal, weighted @ data)
        # Once more with what is left: takes back the bias of the ridge, and round-off.
        fitted = (fitted + np.linalg.solve(normal, weighted @ (data - monomials @ fitted)))[:, :, 0]
        far = distance[:, 0] > FAR
        gradient = fitted[:, 1 : 1 + dim] / (radius * self.spacings)
        return np.where(far, data[:, 0, 0], fitted[:, 0]), np.where(far[:, None], 0.0, gradient)


def _monomials(offsets: np.ndarray) -> np.ndarray:
    """(n, k, d) -> (n, k, terms): 1, the coordinates, and all their products up to DEGREE."""
    terms = [np.ones(offsets.shape[:2])]
    for degree in range(1, DEGREE + 1):
        for axes in combinations_with_replacement(range(offsets.shape[2]), degree):
            terms.append(np.prod(offsets[:, :, list(axes)], axis=-1))
    return np.stack(terms, axis=-1)
