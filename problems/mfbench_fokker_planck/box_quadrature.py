"""Boxes, and Gauss-Legendre product quadrature on them."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import leggauss


def cube(half_width: float, dim: int) -> np.ndarray:
    """(2, d) corners of [-half_width, half_width]^d."""
    return np.array([[-half_width] * dim, [half_width] * dim])


def box_quadrature(low: np.ndarray, high: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (nodes^d, d) and weights (nodes^d,) for integrals over the box with corners low and high, (d,) each."""
    point, share = leggauss(nodes)
    axes = [a + (b - a) * (point + 1.0) / 2.0 for a, b in zip(low, high, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    weights = np.ones(1)
    for a, b in zip(low, high, strict=True):
        weights = np.outer(weights, share * (b - a) / 2.0).ravel()
    return np.stack([axis.ravel() for axis in grid], axis=1), weights
