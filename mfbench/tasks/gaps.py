"""How far apart the sets of a committor problem are, by their start points."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree


def nearest(one: np.ndarray, other: np.ndarray) -> float:
    """The least distance between points (m, d) and others (n, d)."""
    return float(np.min(cKDTree(one).query(other)[0]))


def apart(start_a: np.ndarray, start_b: np.ndarray) -> float:
    """How far A and B are apart: the distance of the means of their start points, and where one set lies about the other,
    so that these coincide, that of the nearest two."""
    means = float(np.linalg.norm(np.mean(start_b, axis=0) - np.mean(start_a, axis=0)))
    return max(means, nearest(start_a, start_b))
