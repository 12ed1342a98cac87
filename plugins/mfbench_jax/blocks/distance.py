"""Distance to the boundary of a set, from any boundary function of it.

A boundary function phi says where the boundary is and nothing of how far. Its normalisation

    t = phi / sqrt(|grad phi|^2 + (phi / reach)^2)

is the signed distance up to an error of order t^2, whatever positive factor phi carries, has the sign of phi and is
smooth wherever phi and its gradient do not vanish together (Rvachev's R-functions; Shapiro, Acta Numerica 16
(2007) 239, section 4.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .landscape import value_and_slope

Field = Callable[[jax.Array], jax.Array]
"""(n, d) -> (n,)."""
TINY = 1e-30
"""Under the root: at a centre, inside the set, the gradient may vanish."""
HALVINGS = 8
"""Smallest distance asked for: gap / 2^HALVINGS."""
CHANGE = 0.15
"""Share of the distance by which a second step may change it where it is trusted."""


class Distance(NamedTuple):
    """Signed distance to {boundary = 0}.

    Args:
        boundary: signed, smooth, gradient non-zero on its zero set.
        reach: no distance is longer, so that points far away, where the gradient may mean nothing, have a finite one.
        trusted: up to here its error is a small share.
    """

    boundary: Field
    reach: float
    trusted: float

    def __call__(self, x: jax.Array) -> jax.Array:
        """t (n,) at x (n, d)."""
        return self.with_normal(x)[0]

    def with_normal(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """t (n,) and the unit vector (n, d) along grad phi."""
        value, slope = value_and_slope(self.boundary, x)
        square = jnp.sum(slope**2, axis=-1)
        t = value / jnp.sqrt(square + (value / self.reach) ** 2 + TINY)
        return t, slope / jnp.sqrt(square + TINY)[..., None]


def distance_to(boundary: Field, inside: np.ndarray, gap: float) -> Distance:
    """The distance to a set's boundary, and how far it can be trusted.

    Where the first step ends, at x - t n, the distance to the boundary should be none.

    Args:
        boundary: of the set.
        inside: (m, d) points in the set.
        gap: length beyond which no distance is asked for.
    """
    found = Distance(boundary, 2.0 * gap, gap)

    @jax.jit
    def advanced(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        t, normal = found.with_normal(x)
        return x - t[:, None] * normal, t, normal

    feet = jnp.asarray(inside)
    for _ in range(HALVINGS):  # a few steps end on the boundary from anywhere inside
        feet, _, normals = advanced(feet)
    feet, normals = np.asarray(feet), np.asarray(normals)
    trusted = gap / 2.0**HALVINGS
    for radius in gap / 2.0 ** np.arange(HALVINGS - 1, -1, -1):
        ends, _, _ = advanced(jnp.asarray(feet + radius * normals))
        rest = np.abs(np.asarray(advanced(ends)[1]))
        if not np.quantile(rest, 0.9) < CHANGE * radius:
            break
        trusted = float(radius)
    return found._replace(trusted=trusted)
