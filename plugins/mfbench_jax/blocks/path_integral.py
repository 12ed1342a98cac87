"""Differences of log p along straight lines, for a drift that is D grad log p."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from numpy.polynomial.legendre import leggauss

NODES = 8
"""Gauss-Legendre nodes of a panel: exact for drifts that are polynomials of degree 15 along the line."""


def path_integral(
    field: Callable[[jax.Array], jax.Array], start: jax.Array, end: jax.Array, panels: int
) -> jax.Array:
    """int_0^1 f(a + s (b - a)) . (b - a) ds for each pair a, b of rows of start and end (n, d), (n,).

    Args:
        field: f, (n, d) -> (n, d).
        start, end: (n, d), or (d,) for one point.
        panels: equal parts of the line, with NODES evaluations each.
    """
    points, weights = leggauss(NODES)
    nodes = jnp.asarray(((np.arange(panels)[:, None] + (points + 1.0) / 2.0) / panels).ravel())
    shares = jnp.asarray(np.tile(weights / (2.0 * panels), panels))
    step = end - start

    def add(total: jax.Array, node: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        place, share = node
        return total + share * jnp.sum(field(start + place * step) * step, axis=1), None

    return jax.lax.scan(add, jnp.zeros(len(step)), (nodes, shares))[0]
