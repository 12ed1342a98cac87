"""A committor on a sheet grid: values and gradients at any point, and the averages that belong to it.

Where the grid was cut off, for want of density, q is unknown: there q and 1 - q read 1/2 and the
gradient 0. `covers` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from skfem import Element, MappingAffine

from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.sheet_grid import SheetGrid


@dataclass(frozen=True, kw_only=True)
class GridCommittor:
    """What `finite_elements.solve` found. Averages are over mu, A and B included.

    Args:
        box: maps between the sheet and u.
        grid: the triangles.
        element: scikit-fem's shape functions.
        mapping: from the reference triangle to each triangle of the sheet.
        unknowns: (shape functions, T) degrees of freedom of each triangle.
        q: (N,) degrees of freedom of the committor.
        p: (N,) those of 1 - q, solved for on their own.
        log_mass: log of the integral of exp(w) over everything.
        dirichlet: int grad q . M grad q dmu, so that nu = dirichlet / beta.
        mean_p: int (1 - q) dmu; where the dynamics is reversible rhoA.
        mean_qp: rhoAB = int q (1 - q) dmu.
        mass_a: mu(A).
        mass_b: mu(B).
        mobility: diagonal of M.
    """

    box: PuncturedBox
    grid: SheetGrid
    element: Element
    mapping: MappingAffine
    unknowns: np.ndarray
    q: np.ndarray
    p: np.ndarray
    log_mass: float
    dirichlet: float
    mean_p: float
    mean_qp: float
    mass_a: float
    mass_b: float
    mobility: tuple[float, float] = (1.0, 1.0)

    def set_of(self, u: np.ndarray) -> np.ndarray:
        """(n,) 0 where u (n, 2) lies in A, 1 in B, -1 outside both."""
        in_a, in_b = (self.box.gap(side, u.T) <= 0 for side in (0, 1))
        return np.where(in_a, 0, np.where(in_b, 1, -1))

    def covers(self, u: np.ndarray) -> np.ndarray:
        """(n,) True where u (n, 2) lies in A, in B or in a triangle: there q is known."""
        return (self.set_of(u) >= 0) | self._located(u)[0]

    def committor(self, u: np.ndarray) -> np.ndarray:
        """(n,) q at u (n, 2)."""
        return self._values(u, self.q, (0.0, 1.0))

    def complement(self, u: np.ndarray) -> np.ndarray:
        """(n,) 1 - q at u (n, 2)."""
        return self._values(u, self.p, (1.0, 0.0))

    def squared_gradient(self, u: np.ndarray) -> np.ndarray:
        """(n,) grad q . M grad q with respect to u, 0 in A and B. Of 1 - q where q > 1/2: it keeps more digits."""
        squares = np.zeros(len(u))
        within, sheet, triangle = self._located(u)
        (a, b), (c, d) = self.box.from_sheet(sheet)[1]
        slopes = np.zeros((2, 2, len(triangle)))  # (q or 1 - q, component)
        value = np.zeros(len(triangle))
        for shape, slope, unknown in self._shapes(sheet, triangle):
            value += shape * self.q[unknown]
            slopes += np.stack([self.q[unknown], self.p[unknown]])[:, None, :] * slope
        x, y = np.where(value > 0.5, slopes[1], slopes[0])
        # grad_u = J^-T grad_y.
        m, n = self.mobility
        squares[within] = (m * (d * x - c * y) ** 2 + n * (a * y - b * x) ** 2) / (a * d - b * c) ** 2
        return squares

    def _values(self, u: np.ndarray, coefficients: np.ndarray, on_sets: tuple[float, float]) -> np.ndarray:
        values = np.array([*on_sets, 0.5])[self.set_of(u)]
        within, sheet, triangle = self._located(u)
        values[within] = sum(
            shape * coefficients[unknown] for shape, _, unknown in self._shapes(sheet, triangle)
        )
        return values

    def _located(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n,) True where a triangle holds u (n, 2); sheet coordinates (2, m) and triangles (m,) of those."""
        within = self.set_of(u) < 0
        sheet = self.box.to_sheet(u[within].T)
        triangle = self.grid.find(sheet)
        found = triangle >= 0
        within[within] = found
        return within, sheet[:, found], triangle[found]

    def _shapes(
        self, sheet: np.ndarray, triangle: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Per shape function: its values (n,), its gradients on the sheet (2, n), its unknowns (n,)."""
        local = self.mapping.invF(sheet[:, :, None], tind=triangle)
        for k, unknown in enumerate(self.unknowns):
            (shape,) = self.element.gbasis(self.mapping, local, k, tind=triangle)
            yield np.asarray(shape)[:, 0], shape.grad[:, :, 0], unknown[triangle]
