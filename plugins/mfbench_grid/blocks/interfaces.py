"""Integrals of products of tensor trains over all coordinates on one side of a bond.

With trains F, G of functions and t of a weight's square root, all at quadrature points, an interface is

    I[f, a, a', g] = int F_f t_a t_a' G_g,

over the coordinates to the left of a bond, f, a, a', g the bond's indices. `push` takes it over one more
coordinate. To come from the right, push cores that are `turned`.

Source: Schollwoeck, Ann. Phys. 326 (2011) 96, section 4.2.1 (contractions of matrix product states).
"""

from __future__ import annotations

import numpy as np

CHUNK = 2**22
"""Numbers that an intermediate array may hold."""

EDGE = np.ones((1, 1, 1, 1))
"""The interface outside the last coordinate."""


def turned(core: np.ndarray) -> np.ndarray:
    """A core (r, n, s) seen from the other end, (s, n, r)."""
    return np.swapaxes(core, 0, 2)


def push(
    interface: np.ndarray, one: np.ndarray, root: np.ndarray, other: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The interface beyond one more coordinate.

    Args:
        interface: (f, a, a, g).
        one: (f, n, f') core of F at the n quadrature points.
        root: (a, n, a') core of t.
        other: (g, n, g') core of G.
        weights: (n,) of the quadrature.

    Returns:
        (f', a', a', g').
    """
    f, a, _, g = interface.shape
    new_f, new_a, new_g = one.shape[2], root.shape[2], other.shape[2]
    result = np.zeros((new_f * new_a * new_a, new_g))
    start = interface.reshape(f, a * a * g)
    step = max(1, CHUNK // (new_f * g * max(a, new_a) ** 2))
    for low in range(0, len(weights), step):
        part = slice(low, low + step)
        t = np.moveaxis(root[:, part], 1, 0)  # (n, a, a')
        n = len(t)
        x = np.moveaxis(one[:, part], 0, 2) * weights[part, None, None]  # (n, f', f)
        x = (x @ start).reshape(n, new_f, a, a * g)
        x = np.swapaxes(t, 1, 2)[:, None] @ x  # (n, f', a', a g)
        x = x.reshape(n, new_f * new_a, a, g)
        x = np.swapaxes(t, 1, 2)[:, None] @ x  # (n, f' a', a', g)
        x = np.moveaxis(x.reshape(n, new_f * new_a * new_a, g), 0, 1).reshape(-1, n * g)
        result += x @ np.moveaxis(other[:, part], 1, 0).reshape(n * g, new_g)
    return result.reshape(new_f, new_a, new_a, new_g)


def kernel(left: np.ndarray, right: np.ndarray, root: np.ndarray) -> np.ndarray:
    """(n, f h, g k): at every quadrature point of a coordinate what multiplies the two cores there.

    Args:
        left: (f, a, a, g) the interface to the left of the coordinate.
        right: (h, b, b, k) that to its right.
        root: (a, n, b) core of t.
    """
    (f, a, _, g), (h, b, _, k) = left.shape, right.shape
    t = np.moveaxis(root, 1, 0)
    n = len(t)
    between = np.moveaxis(left, 3, 1).reshape(f * g, a, a)
    x = np.swapaxes(t, 1, 2)[:, None] @ between @ t[:, None]  # (n, f g, b, b)
    x = x.reshape(n * f * g, b * b) @ np.moveaxis(right, 0, 2).reshape(b * b, h * k)
    return np.swapaxes(x.reshape(n, f, g, h, k), 2, 3).reshape(n, f * h, g * k)
