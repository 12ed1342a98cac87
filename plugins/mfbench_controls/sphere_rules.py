"""Directions and weights for integrals over the unit sphere of R^d."""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss


def sphere_area(dim: int) -> float:
    """2 pi^(d/2) / Gamma(d/2); 2 in one dimension, where the sphere is two points."""
    return 2.0 * math.pi ** (dim / 2) / math.gamma(dim / 2)


def sphere_quadrature(dim: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions (m, d) and weights (m,), spectrally accurate, d <= 3.

    Args:
        dim: 1 (both directions), 2 (`size` equal angles) or 3 (`size` azimuths times Gauss-Legendre
            with `size` / 2 points in the cosine of the polar angle).
        size: number of points on a circle, even.

    Raises:
        ValueError: dim above 3.
    """
    if dim == 1:
        return np.array([[-1.0], [1.0]]), np.ones(2)
    azimuth = 2.0 * np.pi * np.arange(size) / size
    circle = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    if dim == 2:
        return circle, np.full(size, 2.0 * np.pi / size)
    if dim > 3:
        raise ValueError(f"sphere_quadrature: dim is {dim}; expected at most 3. Draw directions instead.")
    cosine, share = leggauss(size // 2)
    rings = np.sqrt(1.0 - cosine**2)[:, None, None] * circle
    heights = np.broadcast_to(cosine[:, None, None], (*rings.shape[:2], 1))
    directions = np.concatenate([rings, heights], axis=2).reshape(-1, 3)
    return directions, np.repeat(share * 2.0 * np.pi / size, size)


def random_directions(dim: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, d) independent directions, uniform on the sphere."""
    normal = rng.standard_normal((count, dim))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)
