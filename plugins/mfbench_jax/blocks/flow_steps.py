"""The compiled parts of a passage by the probability flow and of the way back, for ensembles of all sizes."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .characteristics import Characteristics
from .score_fit import Guides, Hidden, Tuner, matched
from .score_model import Score

HELD_OUT = 5
"""The last n // 5 of n members are held out of the match."""


class Node(NamedTuple):
    """What the way back needs of one moment: its time, the score and the masses (m, d)."""

    time: float
    score: Score
    sources: np.ndarray


class Ensemble(NamedTuple):
    """Places (n, d), grad log p there (n, d) and log p (n,); or their rates of change."""

    x: np.ndarray
    score: np.ndarray
    log_p: np.ndarray


class Flow:
    """The compiled parts, for sweeps of all sizes.

    Args:
        characteristics: of the problem.
        explicit, rate, batch: of `score_fit.Tuner`.
    """

    def __init__(self, characteristics: Characteristics, explicit: bool, rate: float, batch: int) -> None:
        bodies = characteristics.bodies
        self.characteristics, self.problem, self.bodies = characteristics, characteristics.problem, bodies
        self.tuner = Tuner(bodies, explicit, rate, batch)

        def fitted(
            x: jax.Array, y: jax.Array, t: float, hidden: Hidden, sources: jax.Array, ridge: float
        ) -> Score:
            # Held-out members come last.
            kept = len(x) - len(x) // HELD_OUT
            guides = characteristics.guides(x[:kept], t, sources)
            if explicit:
                nothing = jnp.zeros((guides.shape[2], x.shape[1] // bodies))
                return matched(x[:kept], y[:kept], Guides(guides, nothing), hidden, bodies, ridge)
            slopes = characteristics.slopes(x[:kept], t, sources)
            return matched(x[:kept], None, Guides(guides, slopes), hidden, bodies, ridge)

        @jax.jit
        def rates(
            x: jax.Array,
            y: jax.Array,
            t: float,
            hidden: Hidden,
            sources: jax.Array,
            ridge: float,
            basis: jax.Array,
        ) -> tuple[Score, jax.Array, Ensemble]:
            score = fitted(x, y, t, hidden, sources, ridge)
            found = characteristics.rates(score, x, y, t, sources, basis)
            out = slice(len(x) - len(x) // HELD_OUT, None)
            away = characteristics.score(score, x[out], t, sources) - y[out]
            noise = found.noise
            along = noise * away if noise.ndim == 0 else jnp.einsum("nij,nj->ni", noise[out], away)
            loss = jnp.mean(jnp.sum(away * along, axis=1))
            return score, loss, Ensemble(found.velocity, found.turning, -found.divergence)

        def norm(score: Score, x: jax.Array, t: float, sources: jax.Array) -> jax.Array:
            def velocity(z: jax.Array) -> jax.Array:
                return characteristics.flow(score, z[None], t, sources)[0][0]

            return jnp.linalg.norm(jax.vmap(jax.jacfwd(velocity))(x), ord=2, axis=(1, 2))

        @jax.jit
        def back(late: Node, middle: Node, early: Node, x: jax.Array) -> tuple[jax.Array, jax.Array]:
            step = early.time - late.time

            def at(node: Node, x: jax.Array) -> tuple[jax.Array, jax.Array]:
                return characteristics.flow(node.score, x, node.time, node.sources)

            v1, d1 = at(late, x)
            v2, d2 = at(middle, x + step / 2 * v1)
            v3, d3 = at(middle, x + step / 2 * v2)
            v4, d4 = at(early, x + step * v3)
            return (
                x + step / 6 * (v1 + 2 * v2 + 2 * v3 + v4),
                step / 6 * (d1 + 2 * d2 + 2 * d3 + d4),
            )

        self.fitted, self.rates, self.guides = jax.jit(fitted), rates, jax.jit(characteristics.guides)
        self.norms, self.back = jax.jit(norm), back

    def origin(self, nodes: tuple[Node, ...], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x(0) (n, d) and the change of log p from there, (n,), of points x (n, d) at the time of the last node."""
        gained = np.zeros(len(x))
        for late, middle, early in zip(nodes[:0:-2], nodes[-2::-2], nodes[-3::-2], strict=False):
            x, change = (np.asarray(part) for part in self.back(late, middle, early, x))
            gained = gained + change
        return x, gained
