"""The law of the dumbbell at rest by Galerkin's method in Hermite functions.

    p(x) = sum_ijk c_ijk h_i(x_1 / l_1) h_j(x_2 / l_2) h_k(x_3 / l_3),   h_n orthonormal in L^2, k even,

in -div(b p) + Lap p / 2 = 0. Spring, flow and noise couple neighbours only; the core's force is a sum of products of
one-dimensional factors. With int p = 1 as a rank-one term, GMRES; its preconditioner is the part without the core,
solved by the eigenvectors in x_3 and sparse elimination in (x_1, x_2).

The lengths l balance what the functions have to hold: the core's dent, of variance 1/5, and the law's, up to 3.4.

Source: Boyd, Chebyshev and Fourier Spectral Methods, 17.4 (Hermite functions and their scale).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.polynomial.hermite import hermgauss
from scipy.sparse.linalg import LinearOperator, gmres, splu

LENGTHS = (0.9, 0.78, 0.67)
SHIFT = 0.05
"""By which the preconditioner misses the null vector."""
RESIDUAL = 1e-12
CHUNK = 1024
"""Points at a time."""


def functions(count: int, x: np.ndarray) -> np.ndarray:
    """h_0 ... h_{count-1} at x (n,), (n, count), by their recurrence."""
    table = np.empty((len(x), count))
    table[:, 0] = np.pi**-0.25 * np.exp(-(x**2) / 2.0)
    if count > 1:
        table[:, 1] = np.sqrt(2.0) * x * table[:, 0]
    for n in range(2, count):
        table[:, n] = np.sqrt(2.0 / n) * x * table[:, n - 1] - np.sqrt((n - 1) / n) * table[:, n - 2]
    return table


@dataclass(frozen=True)
class Axis:
    """What one axis contributes, as matrices between the functions kept.

    Args:
        length: l.
        kept: numbers n of the functions kept.
        strength: D.
        sharpness: s of the core's factor exp(-s x^2).
    """

    length: float
    kept: np.ndarray
    strength: float
    sharpness: float

    def _recurrence(self, sign: float) -> np.ndarray:
        """h_{n-1} and sign h_{n+1} times roots of n / 2, with room above what is kept."""
        roots = np.sqrt(np.arange(1, self.kept[-1] + 4) / 2.0)
        return np.diag(roots, 1) + sign * np.diag(roots, -1)

    def _cut(self, matrix: np.ndarray) -> np.ndarray:
        return matrix[np.ix_(self.kept, self.kept)]

    @property
    def place(self) -> np.ndarray:
        """x."""
        return self._cut(self.length * self._recurrence(1.0))

    @property
    def slope(self) -> np.ndarray:
        """d/dx."""
        return self._cut(self._recurrence(-1.0) / self.length)

    @property
    def spring(self) -> np.ndarray:
        """p -> (x p)' / 2 + D p''."""
        slope = self._recurrence(-1.0)
        return self._cut(slope @ self._recurrence(1.0) / 2.0 + self.strength * slope @ slope / self.length**2)

    @property
    def core(self) -> np.ndarray:
        """p -> exp(-s x^2) p."""
        return self._core(0)

    @property
    def core_force(self) -> np.ndarray:
        """p -> -(x exp(-s x^2) p)', tested by parts."""
        return self._core(1)

    def _core(self, power: int) -> np.ndarray:
        # exp(-s x^2) h_m h_n is a polynomial times exp(-a u^2), a = 1 + s l^2, u = x / l.
        a = 1.0 + self.sharpness * self.length**2
        count = self.kept[-1] + 4
        nodes, weights = hermgauss(count)
        u = nodes / np.sqrt(a)
        scaled = functions(count, u) * np.exp(u**2 / 2.0)[:, None]
        weights = weights / np.sqrt(a)
        if power == 0:
            return self._cut(scaled.T @ (weights[:, None] * scaled))
        # int h_m (-(x e p)') = int h_m' x e p.
        slopes = (scaled @ self._recurrence(-1.0)[:count, :count])[:, self.kept]
        return slopes.T @ ((weights * u)[:, None] * scaled[:, self.kept])

    @property
    def integral(self) -> np.ndarray:
        """int h_n dx: 0 for odd n."""
        values = np.zeros(self.kept[-1] + 2)
        values[0] = np.pi**0.25 * np.sqrt(2.0)
        for n in range(2, len(values), 2):
            values[n] = np.sqrt((n - 1) / n) * values[n - 2]
        return self.length * values[self.kept]


class Galerkin:
    """The law.

    Args:
        counts: functions along x_1 and x_2, and even ones along x_3.
        strength: alpha.
        width: q.
        diffusion: D.
    """

    def __init__(self, counts: tuple[int, int, int], strength: float, width: float, diffusion: float) -> None:
        kept = np.arange(counts[0]), np.arange(counts[1]), 2 * np.arange(counts[2])
        sharpness = 1.0 / (2.0 * width**2)
        self._axes = [Axis(length, k, diffusion, sharpness) for length, k in zip(LENGTHS, kept, strict=True)]
        self._force = strength / (2.0 * width**5)
        self.coefficients, self.iterations = self._solved(counts)

    def density(self, x: np.ndarray) -> np.ndarray:
        """p at (n, 3) points, (n,)."""
        flat, found = self.coefficients.reshape(len(self.coefficients), -1), np.empty(len(x))
        for begin in range(0, len(x), CHUNK):
            one, two, three = self._tables(x[begin : begin + CHUNK].T)
            inner = (one @ flat).reshape(len(one), *self.coefficients.shape[1:])
            found[begin : begin + CHUNK] = np.einsum("njk,nj,nk->n", inner, two, three, optimize=True)
        return found

    def on_grid(self, axes: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        """p at the nodes of a product grid, in its shape."""
        values = self.coefficients
        for table in self._tables(axes):
            values = np.tensordot(values, table, (0, 1))
        return values

    def _tables(self, places: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The functions kept at coordinates along each axis, (n, kept)."""
        return [
            functions(axis.kept[-1] + 1, x / axis.length)[:, axis.kept]
            for x, axis in zip(places, self._axes, strict=True)
        ]

    def _solved(self, shape: tuple[int, int, int]) -> tuple[np.ndarray, int]:
        first, second, third = self._axes
        plane = (
            sparse.kron(sparse.csc_matrix(first.spring), sparse.eye(shape[1]))
            + sparse.kron(sparse.eye(shape[0]), sparse.csc_matrix(second.spring))
            - sparse.kron(sparse.csc_matrix(first.slope), sparse.csc_matrix(second.place))
        ).tocsc()
        rates, vectors = np.linalg.eig(third.spring)
        back = np.linalg.inv(vectors)
        one = sparse.eye(plane.shape[0], format="csc")
        factors = [splu((plane + (rate - SHIFT) * one).tocsc()) for rate in rates]
        mass = np.einsum("i,j,k->ijk", *(axis.integral for axis in self._axes))
        guess = mass / np.sum(mass**2)
        cores, forces = [a.core for a in self._axes], [a.core_force for a in self._axes]
        depth = third.spring

        def without_core(c: np.ndarray) -> np.ndarray:
            flat = c.reshape(-1, shape[2])
            return (plane @ flat + flat @ depth.T).reshape(shape)

        def with_core(c: np.ndarray) -> np.ndarray:
            total = without_core(c)
            for k in range(3):
                pushed = c
                for m in range(3):
                    matrix = forces[m] if m == k else cores[m]
                    pushed = np.moveaxis(np.tensordot(matrix, pushed, (1, m)), 0, m)
                total = total + self._force * pushed
            return total

        def apply(flat: np.ndarray) -> np.ndarray:
            c = flat.reshape(shape)
            return (with_core(c) - np.sum(mass * c) * guess).ravel()

        def precondition(flat: np.ndarray) -> np.ndarray:
            parts = flat.reshape(-1, shape[2]) @ back.T
            solved = np.stack([factor.solve(parts[:, k]) for k, factor in enumerate(factors)], axis=1)
            return np.real(solved @ vectors.T).ravel()

        size, steps = int(np.prod(shape)), []
        found, stalled = gmres(
            LinearOperator((size, size), matvec=apply, dtype=float),
            -guess.ravel(),
            M=LinearOperator((size, size), matvec=precondition, dtype=float),
            rtol=RESIDUAL,
            atol=0.0,
            restart=120,
            maxiter=2,
            callback=steps.append,
            callback_type="pr_norm",
        )
        if stalled:
            raise ArithmeticError(
                f"dumbbell: GMRES stalled at a residual of {steps[-1]:.2g} after {len(steps)} steps; expected {RESIDUAL:g}."
            )
        c = found.reshape(shape)
        return c / np.sum(mass * c), len(steps)
