"""Logistic regression of trajectories' outcomes: the log-likelihood of B or A at every place with an outcome.

If a trajectory passes x and later ends in B, that is one draw of a coin with chance q(x), whatever came before: by
the strong Markov property each place that is noted at a time fixed beforehand may be counted. The loss

    mean of log(1 + e^z) - y z,   y = 1 for B, 0 for A,

has its minimum at z = logit q (Jung, Covino, Arjun, et al., Nat. Comput. Sci. 3 (2023) 334).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .descent import anytime, tail_average

AVERAGING = 8.0
LARGEST_GRADIENT = 10.0


class Coins:
    """Places with outcomes; at most `capacity`, newer ones replace the oldest.

    Args:
        dim: d.
        capacity: how many are kept.
    """

    def __init__(self, dim: int, capacity: int) -> None:
        self.x, self.y = np.empty((capacity, dim), np.float32), np.empty(capacity, np.float32)
        self.seen = 0

    def __len__(self) -> int:
        """How many there are."""
        return min(self.seen, len(self.y))

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """Take in (m, d) places and (m,) outcomes."""
        index = (self.seen + np.arange(len(y))) % len(self.y)
        self.x[index], self.y[index] = x, y
        self.seen += len(y)

    def batches(self, rng: np.random.Generator, number: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """(number, size, d) places and (number, size) outcomes, drawn uniformly."""
        index = rng.integers(len(self), size=(number, size))
        return self.x[index], self.y[index]


class Fit(NamedTuple):
    """A regression under way: parameters, their average, the optimiser's moments, and steps taken."""

    params: Any
    average: Any
    moments: Any
    step: jax.Array


def make_regression(
    logit: Callable[[Any, jax.Array], jax.Array], rate: float, warm_up: int, halving: int
) -> tuple[Callable[[Any], Fit], Callable[[Fit, jax.Array, jax.Array], Fit]]:
    """Two functions: parameters -> Fit, and (Fit, batches of places, of outcomes) -> Fit one step per batch later.

    Args:
        logit: (params, (n, d)) -> (n,).
        rate, warm_up, halving: of `descent.anytime`.
    """
    method = optax.chain(
        optax.clip_by_global_norm(LARGEST_GRADIENT), optax.adam(anytime(rate, warm_up, halving))
    )

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        z = logit(params, x)
        return jnp.mean(jax.nn.softplus(z) - y * z)

    def update(fit: Fit, batch: tuple[jax.Array, jax.Array]) -> tuple[Fit, None]:
        change, moments = method.update(jax.grad(loss)(fit.params, *batch), fit.moments, fit.params)
        params = optax.apply_updates(fit.params, change)
        average = tail_average(fit.average, params, fit.step, AVERAGING)
        return Fit(params, average, moments, fit.step + 1), None

    def begun(params: Any) -> Fit:
        return Fit(params, params, method.init(params), jnp.zeros((), jnp.float32))

    @jax.jit
    def improved(fit: Fit, x: jax.Array, y: jax.Array) -> Fit:
        return jax.lax.scan(update, fit, (x, y))[0]

    return begun, improved
