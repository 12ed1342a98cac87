"""Axes along which an equation in time is not that of a Gaussian.

A linear drift and a Gaussian start have constant matrices db/dy and d^2 log p_0/dy^2. What the symmetric
ones vary by between points shows the directions in which log p bends: where all commute, as they do if drift and start
are sums of functions of one coordinate each, the eigenvectors of one random combination are those coordinates' axes.
"""

from __future__ import annotations

import numpy as np

NEGLIGIBLE = 1e-6
"""Of the largest variation, below which an axis is none."""


def bent_axes(groups: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Orthonormal axes (d, a) from groups of matrices (n, d, d), each group with a scale of its own; a = 0 if none vary."""
    varied = []
    for matrices in groups:
        symmetric = (matrices + np.swapaxes(matrices, 1, 2)) / 2.0
        away = symmetric - np.mean(symmetric, axis=0)
        size, whole = np.linalg.norm(away), np.linalg.norm(symmetric)
        if size > NEGLIGIBLE * whole:
            varied.append(away / size)
    dim = groups[0].shape[1]
    if not varied:
        return np.empty((dim, 0))
    away = np.concatenate(varied)
    _, axes = np.linalg.eigh(np.einsum("n,nij->ij", rng.standard_normal(len(away)), away))
    sizes = np.linalg.norm(away @ axes, axis=(0, 1))
    return np.asarray(axes[:, sizes > NEGLIGIBLE * np.max(sizes)])
