"""The drift -M grad V + c of a problem and its mobility M, whichever of c and M it has."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .landscape import value_and_slope


def mobility_of(problem: CommittorProblem) -> np.ndarray:
    """The diagonal of M, float32 (d,)."""
    return np.asarray(np.ones(problem.dim) if problem.mobility is None else problem.mobility, np.float32)


def drift(problem: CommittorProblem, x: jax.Array) -> jax.Array:
    """-M grad V + c at x (n, d)."""
    down = -value_and_slope(problem.potential, x)[1]
    if problem.mobility is not None:
        down = down * jnp.asarray(problem.mobility, x.dtype)
    return down if problem.circulation is None else down + problem.circulation(x)
