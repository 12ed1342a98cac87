"""What lies between places on a line, from what lies in equal cells: conservative, by quintic splines of the integral.

Source: Crouseilles, Mehrenberger, Sonnendruecker, J. Comput. Phys. 229 (2010) 1927, section 3.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

DEGREE, TAPS = 5, range(-2, 4)


class Remap:
    """From cells along the first axis to those between given places.

    Args:
        places: (m + 1, ...) in faces: 0 is the first of the old, n the last; between these.
        count: old cells n.
    """

    def __init__(self, places: np.ndarray, count: int) -> None:
        base = np.floor(places).astype(int)
        index = np.abs(np.stack([base + tap for tap in TAPS]))
        # Beyond the ends p is next to 0 and its integral flat: the mirror image continues it smoothly.
        self._index = np.where(index > count, 2 * count - index, index)
        self._weights = np.stack([_quintic(np.abs(places - base - tap)) for tap in TAPS])

    def __call__(self, p: np.ndarray) -> np.ndarray:
        """Totals between the places, (m, ...), from those in the cells, (n, ...)."""
        total = np.concatenate([np.zeros((1, *p.shape[1:])), np.cumsum(p, axis=0)])
        coefficients = ndimage.spline_filter1d(total, DEGREE, axis=0, mode="mirror")
        shape = self._weights.shape[1:2] + p.shape[1:]
        found = np.zeros(shape)
        for index, weights in zip(self._index, self._weights, strict=True):
            found += weights * np.take_along_axis(coefficients, np.broadcast_to(index, shape), axis=0)
        return np.diff(found, axis=0)


def _quintic(x: np.ndarray) -> np.ndarray:
    """The cardinal B-spline of degree 5 at distances x >= 0 from its centre."""
    inner = 66.0 + x**2 * (-60.0 + x**2 * (30.0 - 10.0 * x))
    middle = 51.0 + x * (75.0 + x * (-210.0 + x * (150.0 + x * (-45.0 + 5.0 * x))))
    outer = np.maximum(3.0 - x, 0.0) ** 5
    values: np.ndarray = np.where(x < 1.0, inner, np.where(x < 2.0, middle, outer)) / 120.0
    return values
