"""The particle time of a step, where none is given: as much as the curvature of the loss allows, anew along the run.

A step of theta' = -n grad L multiplies what it meets of an eigenvector of n Hess L by 1 - dt lambda: above dt = 2 / lambda
it grows. lambda belongs to the particles, not to the problem: its part in z has the weights squared, so that it says
nothing where they start from zero. So dt = 1 / |lambda| of the particles as they are, half of the bound, but at most MOST;
|lambda| is the largest of either sign, by power iteration that goes on from the last vector.

Births and deaths at a rate alpha V_i move masses, m_i' = -alpha V_i m_i, V_i = n c_i dL/dc_i: with m_i = 1 + alpha^(1/2) s_i
that is s' = -n grad_s L, and s has its part in the curvature as c and z have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.regression import RegressionProblem

from .keys import root_key
from .mean_field import Cloud

MOST = 0.02
LONGEST, PATIENCE = 32, 8
"""Steps for which one choice holds, at most; up to so many times more where the curvature would allow larger steps."""
FALLEN = 0.75
"""Share of the last choice below which it held for too long."""
FIRST_ROUNDS, ROUNDS = 16, 2
"""Products with the Hessian, of the first choice and of later ones."""
SAMPLES = 1024
"""Of a batch, at most, from which the curvature should be taken."""


class Masses(NamedTuple):
    """Particles whose masses are not all 1: weights c (n,), parameters z (n, k), and s (n,)."""

    c: jax.Array
    z: jax.Array
    s: jax.Array


SlopeOf = Callable[[Cloud, jax.Array, int], tuple[jax.Array, Cloud]]
"""(cloud, key, batch size) -> loss and its gradient."""


class StableStep:
    """dt = min(MOST, 1 / |lambda|), and for how many steps: twice as many as before, or half where dt has fallen.

    Args:
        problem: the problem; where weights may not move their curvature does not count.
        slope_of: of the loss that is descended.
        seed: of the first vector and of the samples.
        rate: alpha, of births and deaths.
    """

    def __init__(self, problem: RegressionProblem, slope_of: SlopeOf, seed: int, rate: float = 0.0) -> None:
        self.curvature = curvature_of(problem, slope_of, rate)
        self.rng, self.key = np.random.default_rng(seed), root_key(seed)
        self.way: Masses | None = None
        self.step, self.hold = MOST, 0

    def choose(self, cloud: Cloud, batch: int) -> tuple[float, int, int]:
        """dt, the number of steps that it holds for, and the products that it took.

        Args:
            cloud: the particles as they are.
            batch: samples that the curvature is taken from, where the loss needs any.
        """
        rounds = ROUNDS
        if self.way is None:
            rounds = FIRST_ROUNDS
            c, z = (jnp.asarray(self.rng.standard_normal(part.shape), part.dtype) for part in cloud)
            self.way = Masses(c, z, jnp.ones_like(c))
        self.key, key = jax.random.split(self.key)
        self.way, found = self.curvature(cloud, self.way, key, batch, rounds)
        allowed = 1.0 / max(float(found), 1e-300)
        last, self.step = self.step, min(MOST, allowed)
        most = int(LONGEST * min(PATIENCE, allowed / self.step))
        longer = 2 * self.hold if self.step > FALLEN * last else self.hold // 2
        self.hold = max(1, min(most, longer))
        return self.step, self.hold, rounds


def curvature_of(
    problem: RegressionProblem, slope_of: SlopeOf, rate: float = 0.0
) -> Callable[[Cloud, Masses, jax.Array, int, int], tuple[Masses, jax.Array]]:
    """(cloud, vector, key, batch size, rounds) -> unit vector and |n Hess L vector| / |vector| after that many products."""

    @partial(jax.jit, static_argnums=3)
    def curvature(
        cloud: Cloud, way: Masses, key: jax.Array, batch: int, rounds: int
    ) -> tuple[Masses, jax.Array]:
        here = Masses(*cloud, jnp.zeros_like(cloud.c))

        def slope(here: Masses) -> Masses:
            mass = 1.0 + math.sqrt(rate) * here.s
            _, (c, z) = slope_of(Cloud(mass * here.c, here.z), key, batch)
            return Masses(mass * c, z, math.sqrt(rate) * here.c * c)

        def turned(_: int, carry: tuple[Masses, jax.Array]) -> tuple[Masses, jax.Array]:
            way = unit(carry[0])
            bent = jax.tree.map(lambda part: len(cloud.c) * part, jax.jvp(slope, (here,), (way,))[1])
            if not problem.free_weights:
                bent = bent._replace(c=jnp.zeros_like(bent.c))
            size = length(bent)
            # A loss without curvature has no vector to go on from.
            return jax.tree.map(lambda new, old: jnp.where(size > 0, new, old), bent, way), size

        way, size = jax.lax.fori_loop(0, rounds, turned, (way, jnp.zeros((), way.z.dtype)))
        return unit(way), size

    return curvature


def length(way: Masses) -> jax.Array:
    """Euclidean, over all particles and all of their parts."""
    return jnp.sqrt(sum(jnp.sum(part**2) for part in way))


def unit(way: Masses) -> Masses:
    """Of length 1."""
    size = length(way)
    return jax.tree.map(lambda part: part / size, way)
