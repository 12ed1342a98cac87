"""`birth-death`: particles that descend the loss, die where they do harm, and are born where they help.

    d mu / dt = div(mu grad V) - alpha (V - mean of V) mu,   V(theta_i) = n c_i dL/dc_i.

After each step a particle dies with probability alpha dt V^+ and is doubled with probability alpha dt V^-; then their
number is brought back to n: a surplus leaves at random, a gap is filled with copies of random survivors, or with units
drawn from the problem's prior with c = 0. Copies never leave the support of what is there; the prior does (Rotskoff,
Jelassi, Bruna, Vanden-Eijnden, arXiv 1902.01843, algorithm 1 and the variant with reinjection).
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.regression import RegressionProblem

from .birth_death_entry import BirthDeath
from .blocks.mean_field import Cloud, potential_of
from .blocks.particle_training import train

POOL = 2**14
"""Draws of the prior, made once, of which every newborn is one at random."""


def solve(problem: RegressionProblem, parameters: BirthDeath, context: Context) -> Iterator[Checkpoint]:
    """Descend with births and deaths; without them in the last `settle` steps, if there are last ones."""
    rng = np.random.default_rng(np.random.SeedSequence(context.seed).spawn(1)[0])
    pool = problem.prior(rng, POOL) if parameters.reinject else None
    last = parameters.steps - parameters.settle if parameters.steps else None

    def renewed(
        key: jax.Array, step: jax.Array, dt: float, before: Cloud, slope: Cloud, after: Cloud
    ) -> Cloud:
        chance = parameters.rate * dt * potential_of(problem, before, slope)
        if last is not None:
            chance = jnp.where(step < last, chance, 0.0)
        key_chance, key_order, key_fill = jax.random.split(key, 3)
        struck = jax.random.uniform(key_chance, chance.shape, chance.dtype) < jnp.abs(chance)
        return restored(key_order, key_fill, after, struck & (chance > 0), struck & (chance < 0), pool)

    yield from train(problem, parameters, context, renewed, parameters.rate)


def restored(
    key_order: jax.Array,
    key_fill: jax.Array,
    cloud: Cloud,
    dies: jax.Array,
    doubles: jax.Array,
    pool: np.ndarray | None,
) -> Cloud:
    """n particles again after deaths and births.

    Args:
        key_order, key_fill: for who leaves if there are too many, and for who fills gaps.
        cloud: n particles.
        dies, doubles: (n,) booleans, never both.
        pool: (m, k) draws of the prior for gaps; None for copies.
    """
    n = len(cloud.c)
    there = jnp.concatenate([~dies, doubles])
    # Those that are there, in random order, come first.
    rank = jnp.where(there, jax.random.uniform(key_order, (2 * n,)), 2.0)
    order = jnp.argsort(rank)
    number = jnp.sum(there)
    gap = jnp.arange(n) >= number
    if pool is None:
        other = jax.random.randint(key_fill, (n,), 0, jnp.maximum(number, 1))
        chosen = order[jnp.where(gap, other, jnp.arange(n))] % n
        # Nobody left to copy: then all stay as they are.
        chosen = jnp.where(number > 0, chosen, jnp.arange(n))
        return Cloud(cloud.c[chosen], cloud.z[chosen])
    chosen = order[:n] % n
    fresh = jnp.asarray(pool, cloud.z.dtype)[jax.random.randint(key_fill, (n,), 0, len(pool))]
    return Cloud(jnp.where(gap, 0.0, cloud.c[chosen]), jnp.where(gap[:, None], fresh, cloud.z[chosen]))
