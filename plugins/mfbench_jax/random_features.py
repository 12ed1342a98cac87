"""`random-features`: least squares in units that do not move.

    f(x) = sum_i a_i phi(x; z_i),   (A^T A + rho s I) a = A^T y,   A_ji = phi(x_j; z_i),

z_i drawn from the problem's prior, s the features' mean square. The normal equations are sums over samples, so that
every batch adds to what all before have said; the ridge loses weight as samples come. What it misses is what moving
units gain. Rahimi, Recht, NeurIPS 2008.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.regression import RegressionProblem

from .blocks.keys import root_key
from .random_features_entry import RandomFeatures


class Sums(NamedTuple):
    """A^T A (n, n), A^T y (n,) and the number of samples."""

    gram: jax.Array
    moment: jax.Array
    count: jax.Array


def solve(problem: RegressionProblem, parameters: RandomFeatures, context: Context) -> Iterator[Checkpoint]:
    """Sample and solve, until stopped."""
    jax.config.update("jax_enable_x64", True)
    seeds = np.random.SeedSequence(context.seed).generate_state(2)
    z = jnp.asarray(problem.prior(np.random.default_rng(seeds[0]), parameters.features))
    number = parameters.features

    @jax.jit
    def added(sums: Sums, key: jax.Array) -> Sums:
        x, y = problem.sample(jax.random.normal(key, (parameters.batch, problem.noise_dim), z.dtype))
        features = problem.unit(x, z)
        return Sums(
            sums.gram + features.T @ features, sums.moment + features.T @ y, sums.count + parameters.batch
        )

    @jax.jit
    def weights(sums: Sums) -> jax.Array:
        mean_square = jnp.trace(sums.gram) / (number * jnp.maximum(sums.count, 1))
        return jax.scipy.linalg.solve(
            sums.gram + parameters.ridge * (mean_square + 1e-300) * jnp.eye(number),
            sums.moment,
            assume_a="pos",
        )

    @jax.jit
    def value(coefficients: jax.Array, x: Any) -> jax.Array:
        return problem.unit(jnp.asarray(x), z) @ coefficients

    key = root_key(int(seeds[1]))
    sums = Sums(jnp.zeros((number, number)), jnp.zeros(number), jnp.zeros((), int))
    coefficients, drawn = jnp.zeros(number), 0
    while True:
        yield Checkpoint(
            evaluate=value, state=coefficients, work={"evaluations": drawn, "samples": drawn},
            reports={"features": float(number)},
        )  # fmt: skip
        key, now = jax.random.split(key)
        sums = added(sums, now)
        coefficients = weights(sums)
        drawn += parameters.batch
