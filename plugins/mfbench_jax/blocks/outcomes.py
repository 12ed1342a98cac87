"""Logistic regression of trajectories' outcomes: the log-likelihood of B or A at every place with an outcome.

If a trajectory passes x and later ends in B, that is one draw of a coin with chance q(x), whatever came before: by
the strong Markov property each place that is noted at a time fixed beforehand may be counted. The loss

    mean of log(1 + e^z) - y z,   y = 1 for B, 0 for A,

has its minimum at z = logit q (Jung, Covino, Arjun, et al., Nat. Comput. Sci. 3 (2023) 334).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


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


def make_loss(logit: Callable[[Any, jax.Array], jax.Array]) -> Callable[..., jax.Array]:
    """(params, places (n, d), outcomes (n,)) -> the mean negative log-likelihood, for a logit (params, x) -> (n,)."""

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        z = logit(params, x)
        return jnp.mean(jax.nn.softplus(z) - y * z)

    return loss
