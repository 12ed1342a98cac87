"""What a committor's network is given: scaled coordinates, or symmetric functions where these are of identical particles."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.frames import like
from mfbench.particles import SymmetricFunctions, particles_of
from mfbench.tasks.committor import CommittorProblem

from .ansatz import Scale
from .tanh_network import Inputs


class NetworkInputs(NamedTuple):
    """Functions of scaled coordinates u = (x - centre) / length.

    Args:
        number: k of them.
        values: u (n, d) -> (n, k), for jax.
        jet: u (n, d) numpy -> with derivatives by u; compiled anew for another n.
        plain: whether they are the coordinates.
        asked: evaluations of V that it took to know.
    """

    number: int
    values: Callable[[jax.Array], jax.Array]
    jet: Callable[[np.ndarray], Inputs]
    plain: bool
    asked: int


def network_inputs(problem: CommittorProblem, scale: Scale, symmetric: bool) -> NetworkInputs:
    """Those of a problem; without `symmetric` always coordinates."""
    particles, asked = particles_of(problem) if symmetric else (None, 0)
    if particles is None:
        return NetworkInputs(problem.dim, lambda u: u, Inputs, plain=True, asked=asked)
    functions = SymmetricFunctions(problem, particles)

    def values(u: jax.Array) -> jax.Array:
        return functions(u * scale.length + like(scale.centre, u))

    def at(u: jax.Array) -> jax.Array:
        return values(u[None])[0]

    @jax.jit
    @jax.vmap
    def jet(u: jax.Array) -> Inputs:
        along = jnp.eye(len(u), dtype=u.dtype)

        def bend(e: jax.Array) -> tuple[jax.Array, jax.Array]:
            return jax.jvp(lambda y: jax.jvp(at, (y,), (e,))[1], (u,), (e,))

        slope, curve = jax.vmap(bend)(along)
        return Inputs(at(u), slope.T, jnp.sum(curve, axis=0))

    def jets(u: np.ndarray) -> Inputs:
        return Inputs(*(np.asarray(part) for part in jet(u)))

    return NetworkInputs(functions.number, values, jets, plain=False, asked=asked)
