"""Committors that depend on one coordinate: quadrature on a line, to float64 round-off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfbench_committor.blocks.reduced import ReducedLaw, tensor_cells

Energy = Callable[[np.ndarray], np.ndarray]
"""beta U(t) of an array of any shape, same shape."""

PANELS = 512
CELLS = 8192
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


def panel_integrals(function: Energy, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(n,) integrals of a smooth function from left (n,) to right (n,), 16-point Gauss-Legendre each."""
    half = (right - left)[:, None] / 2
    return np.sum(WEIGHTS * function((left + right)[:, None] / 2 + half * NODES) * half, axis=1)


def log_integral(exponent: Energy, left: float, right: float) -> float:
    """log of the integral of exp(exponent(t)) over [left, right], without overflow."""
    edges = np.linspace(left, right, PANELS + 1)
    top = float(np.max(exponent(edges)))
    return top + float(
        np.log(np.sum(panel_integrals(lambda t: np.exp(exponent(t) - top), edges[:-1], edges[1:])))
    )


class LineCommittor:
    """q(t) = int_left^t e^{energy} / int_left^right e^{energy}, for A = {t <= left}, B = {t >= right}.

    q and 1 - q are integrated from their own ends, so that both keep their relative accuracy.

    Args:
        energy: beta U(t), smooth on [left, right].
        left: boundary of A.
        right: boundary of B.
    """

    def __init__(self, energy: Energy, left: float, right: float) -> None:
        self.energy, self.left, self.right = energy, left, right
        self.log_integral = log_integral(energy, left, right)
        """log I = log of the integral of e^{energy} from left to right."""
        self._edges = np.linspace(left, right, PANELS + 1)
        pieces = panel_integrals(self.slope, self._edges[:-1], self._edges[1:])
        self._before = np.concatenate([[0.0], np.cumsum(pieces)])
        self._after = np.concatenate([np.cumsum(pieces[::-1])[::-1], [0.0]])

    def slope(self, t: np.ndarray) -> np.ndarray:
        """q'(t) = e^{energy(t)} / I."""
        return np.exp(self.energy(t) - self.log_integral)

    def committor(self, t: np.ndarray) -> np.ndarray:
        """(n,) q; 0 in A and 1 in B."""
        t, panel = self._locate(t)
        return self._before[panel] + panel_integrals(self.slope, self._edges[panel], t)

    def complement(self, t: np.ndarray) -> np.ndarray:
        """(n,) 1 - q."""
        t, panel = self._locate(t)
        return panel_integrals(self.slope, t, self._edges[panel + 1]) + self._after[panel + 1]

    def _locate(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        t = np.clip(t, self.left, self.right)
        return t, np.clip(np.searchsorted(self._edges, t, side="right") - 1, 0, PANELS - 1)

    def law(self, log_total: float, mean_squared_jacobian: float = 1.0) -> ReducedLaw:
        """The law of t under mu, with density e^{-energy} / total.

        Args:
            log_total: log of the integral of e^{-energy} over the whole range of t.
            mean_squared_jacobian: mean of |grad t|^2 under mu given t.
        """
        # Cosine spacing: near the ends logit q changes by one over ever smaller distances.
        steps = -np.cos(np.pi * np.linspace(0.0, 1.0, CELLS + 1))
        middle, half = (self.left + self.right) / 2, (self.right - self.left) / 2
        centres, widths = tensor_cells(middle + half * steps)
        return ReducedLaw(
            centres=centres,
            widths=widths,
            log_density=lambda u: np.where(
                (u[:, 0] > self.left) & (u[:, 0] < self.right), -self.energy(u[:, 0]), -np.inf
            ),
            log_total=log_total,
            committor=lambda u: self.committor(u[:, 0]),
            complement=lambda u: self.complement(u[:, 0]),
            squared_gradient=lambda u: self.slope(u[:, 0]) ** 2 * mean_squared_jacobian,
        )
