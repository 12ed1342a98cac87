"""Sinc collocation on a line: derivatives at equidistant nodes of functions that vanish towards both ends.

A function is represented by its values, f = sum_j f_j sinc((x - x_j) / h); the error falls like exp(-c n) for smooth f.

Source: Boyd, Chebyshev and Fourier Spectral Methods, 17.3 (sinc differentiation matrices).
"""

from __future__ import annotations

import numpy as np


def derivatives(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (n, n) that take values at equidistant nodes (n,) to first and second derivatives there."""
    count, h = len(nodes), nodes[1] - nodes[0]
    offset = np.arange(count)[:, None] - np.arange(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        sign = np.where(offset % 2 == 0, 1.0, -1.0)
        first = np.where(offset == 0, 0.0, sign / (offset * h))
        second = np.where(offset == 0, -(np.pi**2) / (3 * h**2), -2.0 * sign / (offset * h) ** 2)
    return first, second
