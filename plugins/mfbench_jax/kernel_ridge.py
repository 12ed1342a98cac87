"""`kernel-ridge`: f(x) = sum_j a_j k(x, x_j), (k(X, X) + rho I) a = y - mean of y, on 2, 4, 8 ... times as many samples.

k(x, x') = exp(-|x - x'|^2 / (2 w^2)), w in root mean square distances between samples. Hastie, Tibshirani, Friedman,
The Elements of Statistical Learning, section 5.8.
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
from .kernel_ridge_entry import KernelRidge


class Fit(NamedTuple):
    """Samples x (m, d), their coefficients (m,), the mean of the labels, and the kernel's width."""

    x: jax.Array
    coefficients: jax.Array
    mean: jax.Array
    width: jax.Array


def kernel(x: jax.Array, other: jax.Array, width: jax.Array) -> jax.Array:
    """k, (p, d) and (m, d) -> (p, m)."""
    square = jnp.sum(x**2, 1)[:, None] + jnp.sum(other**2, 1) - 2.0 * x @ other.T
    return jnp.exp(-0.5 * jnp.maximum(square, 0.0) / width**2)


@jax.jit
def value(fit: Fit, x: Any) -> jax.Array:
    """f at (p, d) points."""
    return fit.mean + kernel(jnp.asarray(x), fit.x, fit.width) @ fit.coefficients


@jax.jit
def fitted(x: jax.Array, y: jax.Array, width: float, ridge: float) -> Fit:
    """The ridge regression on m samples."""
    # E|x - x'|^2 is twice the sum of variances.
    scale = width * jnp.sqrt(2.0 * jnp.sum(jnp.var(x, axis=0)))
    mean = jnp.mean(y)
    matrix = kernel(x, x, scale) + ridge * jnp.eye(len(x))
    return Fit(x, jax.scipy.linalg.solve(matrix, y - mean, assume_a="pos"), mean, scale)


def solve(problem: RegressionProblem, parameters: KernelRidge, context: Context) -> Iterator[Checkpoint]:
    """Fits with ever more samples; ends after the largest."""
    jax.config.update("jax_enable_x64", True)
    key = root_key(int(np.random.SeedSequence(context.seed).generate_state(1)[0]))
    draw = jax.jit(problem.sample)
    x, y = jnp.empty((0, problem.dim)), jnp.empty(0)
    nothing = Fit(jnp.zeros((1, problem.dim)), jnp.zeros(1), jnp.zeros(()), jnp.ones(()))
    yield Checkpoint(evaluate=value, state=nothing, work={"evaluations": 0, "samples": 0})
    number = min(parameters.first, parameters.most)
    while True:
        key, now = jax.random.split(key)
        more = draw(jax.random.normal(now, (number - len(y), problem.noise_dim), x.dtype))
        x, y = jnp.concatenate([x, more[0]]), jnp.concatenate([y, more[1]])
        fit = fitted(x, y, parameters.width, parameters.ridge)
        yield Checkpoint(evaluate=value, state=fit, work={"evaluations": number, "samples": number})
        if number >= parameters.most:
            return
        number = min(2 * number, parameters.most)
