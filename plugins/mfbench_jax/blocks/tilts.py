"""Functions w that tilt a Gaussian g, linear in their parameters, on points that stay.

    w(y) = a + s . z + z . C z + e (log p_0 - g_0)(y) + sum_k q_k prod_i P_(k_i)(r_i),

z = root^T (y - centre), C upper triangular, and r coordinates along a few axes, scaled to [-1, 1], P Legendre
polynomials. The multi-indices k start at degree 3, or at 2 where C is left out. The fourth term is there unless
the start is Gaussian: e = 1 at t = 0.

Where the functions are bounded, r is squeezed to r sqrt(2 / (1 + r^2)), which stays within sqrt(2) on the whole line. A
polynomial that bends up in the tails does so without end: there grad w . D grad w feeds on itself, and points, which are
few, are carried inwards. A bounded function leaves the tails to the quadratic.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from .growth import Tilt, times
from .legendre import Indices, indices, product, tables


class Span(NamedTuple):
    """z = (y - centre) @ root, of shapes (d,) and (d, d); r = (y @ axes - middle) / half, of (d, a), (a,) and (a,).

    bounded: whether r is squeezed.
    """

    centre: np.ndarray
    root: np.ndarray
    axes: np.ndarray
    middle: np.ndarray
    half: np.ndarray
    bounded: bool = False

    def z(self, y: np.ndarray) -> np.ndarray:
        """(n, d) -> (n, d)."""
        return (y - self.centre) @ self.root

    def r(self, y: np.ndarray) -> np.ndarray:
        """(n, d) -> (n, a)."""
        return (y @ self.axes - self.middle) / self.half


def span_of(y: np.ndarray, axes: np.ndarray, bounded: bool = False) -> Span:
    """Standardised by the points y (n, d), and reaching from the least to the largest of them along the axes (d, a)."""
    dim = y.shape[1]
    along = y @ axes
    low, high = np.min(along, axis=0), np.max(along, axis=0)
    root = np.linalg.inv(np.linalg.cholesky(np.cov(y.T).reshape(dim, dim))).T
    return Span(np.mean(y, axis=0), root, axes, (low + high) / 2.0, (high - low) / 2.0, bounded)


class Shape(NamedTuple):
    """log p_0 - g_0 at points with its derivatives by y: (n,), (n, d), (n, d, d)."""

    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray


class Family(NamedTuple):
    """Which functions.

    Args:
        span: their coordinates.
        at: the multi-indices.
        quadratic: whether C is there.
        shaped: whether log p_0 - g_0 is.
    """

    span: Span
    at: Indices
    quadratic: bool
    shaped: bool

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the entries of C."""
        return np.triu_indices(len(self.span.centre)) if self.quadratic else (np.empty(0, int),) * 2

    @property
    def cuts(self) -> tuple[int, int, int]:
        """Where the parameters of C, of the shape and of the polynomials begin."""
        dim = len(self.span.centre)
        after = 1 + dim + len(self.pairs[0])
        return 1 + dim, after, after + self.shaped

    def start(self) -> np.ndarray:
        """The parameters at t = 0, (P,)."""
        _, shape, polynomials = self.cuts
        theta = np.zeros(polynomials + len(self.at.variables))
        theta[shape:polynomials] = 1.0
        return theta

    def design(self, y: np.ndarray, shape: np.ndarray | None) -> np.ndarray:
        """All functions at y (n, d), given log p_0 - g_0 there (n,), if it is one of them; (n, P)."""
        z, (rows, columns) = self.span.z(y), self.pairs
        parts = [np.ones((len(y), 1)), z, z[:, rows] * z[:, columns]]
        if shape is not None:
            parts.append(shape[:, None])
        return np.concatenate([*parts, product(self.tables(y), self.at)], axis=1)

    def tables(self, y: np.ndarray) -> np.ndarray:
        """Legendre polynomials of every axis at y, with derivatives by r before it is squeezed."""
        r, degree = self.span.r(y), int(np.max(self.at.degrees, initial=0))
        if not self.span.bounded:
            return tables(r, degree)
        flat = 1.0 / np.sqrt(1.0 + r * r)
        found = tables(2.0**0.5 * r * flat, degree)
        slope, bend = (2.0**0.5 * flat**3)[..., None], (-3.0 * 2.0**0.5 * r * flat**5)[..., None]
        return np.stack([found[0], found[1] * slope, found[2] * slope**2 + found[1] * bend])


def lowest(quadratic: bool) -> int:
    """Degree of the polynomials that the other functions do not hold already."""
    return 3 if quadratic else 2


def family(span: Span, degrees: tuple[int, ...], quadratic: bool, shaped: bool) -> Family:
    """With polynomials of these total degrees in one, two, ... variables."""
    return Family(span, indices(span.axes.shape[1], degrees, lowest(quadratic)), quadratic, shaped)


class Tilts:
    """The functions of a family at fixed points y (n, d): what the growth of w needs there.

    Args:
        functions: the family.
        y: the points.
        shape: log p_0 - g_0 there, if the family has it.
    """

    def __init__(self, functions: Family, y: np.ndarray, shape: Shape | None) -> None:
        self._family, self._shape = functions, shape
        self._z = functions.span.z(y)
        self.design = functions.design(y, None if shape is None else shape.value)
        table, order = functions.tables(y), range(functions.at.variables.shape[1])
        self._scaled = functions.span.axes / functions.span.half
        self._slopes = [product(table, functions.at, entry) for entry in order]
        self._bends = {
            (i, j): product(table, functions.at, i, j) for i, j in combinations_with_replacement(order, 2)
        }
        self._noise, self._curved = np.empty(0), np.empty(0)

    def growth(self, theta: np.ndarray, tilt: Tilt) -> np.ndarray:
        """w_t, (n,), for the parameters (P,) of w."""
        functions, span = self._family, self._family.span
        quadratic, shaped, polynomials = functions.cuts
        dim = len(span.centre)
        curvature = np.zeros((dim, dim))
        curvature[functions.pairs] = theta[quadratic:shaped]
        curvature = curvature + curvature.T
        gradient = (theta[1:quadratic] + self._z @ curvature) @ span.root.T
        spread = np.einsum("nij,ij->n", tilt.noise, span.root @ curvature @ span.root.T)
        if self._shape is not None:
            gradient = gradient + theta[shaped] * self._shape.gradient
            spread = spread + theta[shaped] * np.sum(tilt.noise * self._shape.hessian, axis=(1, 2))
        q = theta[polynomials:]
        along = np.zeros((len(self._z), span.axes.shape[1]))
        for entry, slopes in enumerate(self._slopes):
            variables = np.zeros((len(q), span.axes.shape[1]))
            variables[np.arange(len(q)), functions.at.variables[:, entry]] = q
            along += slopes @ variables
        gradient = gradient + along @ self._scaled.T
        spread = spread + self._curvature(tilt.noise) @ q
        return (
            spread + np.sum((times(tilt.noise, gradient) + tilt.advection) * gradient, axis=1) + tilt.source
        )

    def _curvature(self, noise: np.ndarray) -> np.ndarray:
        """D : grad grad of the polynomials, (n, P); kept while the noise stays the same."""
        if not np.array_equal(noise, self._noise):
            at = self._family.at
            along = np.einsum("ia,nij,jb->nab", self._scaled, noise, self._scaled, optimize=True)
            found = np.zeros((len(self._z), len(at.variables)))
            for (i, j), bends in self._bends.items():
                twice = 1.0 if i == j else 2.0  # D is symmetric
                found += twice * along[:, at.variables[:, i], at.variables[:, j]] * bends
            self._noise, self._curved = noise, found
        return self._curved
