"""The drift -M grad V + c of a problem, the energy beside it, and its mobility M, whichever of c and M it has."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .landscape import value_and_slope


def mobility_of(problem: CommittorProblem) -> np.ndarray:
    """The diagonal of M, float32 (d,)."""
    return np.asarray(np.ones(problem.dim) if problem.mobility is None else problem.mobility, np.float32)


def energy_and_drift(problem: CommittorProblem, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Beta V (n,) and -M grad V + c (n, d) at x (n, d)."""
    value, slope = value_and_slope(problem.potential, x)
    down = -slope if problem.mobility is None else -slope * jnp.asarray(problem.mobility, x.dtype)
    return problem.beta * value, down if problem.circulation is None else down + problem.circulation(
        x
    ).astype(x.dtype)


def drift(problem: CommittorProblem, x: jax.Array) -> jax.Array:
    """-M grad V + c at x (n, d)."""
    return energy_and_drift(problem, x)[1]
