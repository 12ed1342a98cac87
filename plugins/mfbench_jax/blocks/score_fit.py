"""Score matching: the score (`score_model.py`) that is nearest to that of a law, from points of it.

With features f(y) = (1, y, tanh(w . y + b), guides) and L^T s = theta^T f, a quadratic problem in theta,

    <f f^T> theta = <f (L^T s_j)^T>          explicit: scores s_j at the points are known,
    <f f^T> theta = -<grad f>                implicit (Hyvarinen, JMLR 6 (2005) 695, equation 4): nothing is,

< > the mean over points and bodies. Both right sides have the same mean; the first has no scatter where the score is
in the family. The implicit affine score is that of the Gaussian with the points' own moments. Hidden units
(w, b) follow by Adam on the same loss, from where they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .fitting import Fit, make_fit
from .score_model import Score, inputs, white

STEEP = (0.3, 2.0)
"""Least and largest slope of a hidden unit at the start, its logarithm uniform, in whitened coordinates."""
HALVING = 1000
"""Of Adam's rate: steps, far more than one call takes."""


class Hidden(NamedTuple):
    """Weights (u, q) and biases (u,) of hidden units."""

    weights: np.ndarray
    biases: np.ndarray


def no_units(inputs: int) -> Hidden:
    """None: the score is affine."""
    return Hidden(np.zeros((0, inputs)), np.zeros(0))


def random_units(y: np.ndarray, number: int, rng: np.random.Generator) -> Hidden:
    """Units of random directions whose steepest place is one of the inputs y (rows, q)."""
    weights = rng.standard_normal((number, y.shape[1]))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    weights *= np.exp(rng.uniform(math.log(STEEP[0]), math.log(STEEP[1]), (number, 1)))
    through = y[rng.integers(len(y), size=number)]
    return Hidden(weights, -np.sum(weights * through, axis=1))


def whitening(x: jax.Array, bodies: int) -> tuple[jax.Array, jax.Array]:
    """m (d1,) and L^-1 (d1, d1) of all bodies of the points x (n, d)."""
    rows = x.reshape(x.shape[0] * bodies, -1)
    centre = jnp.mean(rows, axis=0)
    away = rows - centre
    factor = jnp.linalg.cholesky(away.T @ away / len(rows))
    return centre, jax.scipy.linalg.solve_triangular(factor, jnp.eye(len(centre)), lower=True)


class Guides(NamedTuple):
    """Values at points (n, N, r), and the mean over points and bodies of derivatives by a body's own coordinates (r, d1)."""

    values: jax.Array
    slopes: jax.Array


def matched(
    x: jax.Array, scores: jax.Array | None, guides: Guides, hidden: Hidden, bodies: int, ridge: float
) -> Score:
    """The score for points x (n, d) at fixed hidden units.

    Args:
        x: the points.
        scores: theirs (n, d), for the explicit match; None for the implicit one.
        guides: at them.
        hidden: units.
        bodies: N.
        ridge: of heads and G, relative to the mean squares of their features.
    """
    centre, inverse = whitening(x, bodies)
    width = len(centre)
    blank = Score(centre, inverse, None, hidden.weights, hidden.biases, None, None)
    y = inputs(blank, x, bodies)
    y = y.reshape(-1, y.shape[-1])
    units = jnp.tanh(y @ hidden.weights.T + hidden.biases)
    rows, affine, last = len(y), 1 + y.shape[1], 1 + y.shape[1] + units.shape[1]
    features = jnp.concatenate([jnp.ones((rows, 1)), y, units, guides.values.reshape(rows, -1)], axis=1)
    gram = features.T @ features / rows
    if scores is not None:
        # L^T s of each body.
        target = scores.reshape(rows, width) @ jnp.linalg.inv(inverse)
        right = features.T @ target / rows
    else:
        by_white = guides.slopes @ jnp.linalg.inv(inverse)  # x = L z + m: dg/dz = dg/dx L
        right = -jnp.concatenate([_mean_gradient(units, hidden, bodies, width), by_white])
    gram = gram + jnp.diag(jnp.where(jnp.arange(len(gram)) < affine, 0.0, ridge * jnp.diag(gram)))
    theta = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(gram), right)
    return blank._replace(affine=theta[:affine], heads=theta[affine:last], guided=theta[last:])


def _own_weights(weights: jax.Array, bodies: int, width: int) -> jax.Array:
    """Derivatives of a unit's argument by the whitened coordinates of its own body, (u, d1)."""
    own = weights[:, :width]
    return own + weights[:, width:] / math.sqrt(bodies) if bodies > 1 else own


def _mean_gradient(units: jax.Array, hidden: Hidden, bodies: int, width: int) -> jax.Array:
    """<df/dz>, (1 + q + u, d1)."""
    q = hidden.weights.shape[1]
    linear = _own_weights(jnp.eye(q), bodies, width)
    slope = jnp.mean(1.0 - units**2, axis=0)
    return jnp.concatenate(
        [jnp.zeros((1, width)), linear, slope[:, None] * _own_weights(hidden.weights, bodies, width)]
    )


class Tuner:
    """Hidden units that learn.

    Args:
        bodies: N.
        explicit: which loss.
        rate: Adam's.
        batch: points in a step.
    """

    def __init__(self, bodies: int, explicit: bool, rate: float, batch: int) -> None:
        self._batch = batch

        def loss(score: Score, y: jax.Array, target: jax.Array) -> jax.Array:
            out = white(score, y)
            wrong = jnp.sum((out - target) ** 2, axis=-1)
            if explicit:
                return jnp.mean(wrong)
            width = target.shape[-1]
            slopes = 1.0 - jnp.tanh(y @ score.weights.T + score.biases) ** 2
            by_units = jnp.sum(_own_weights(score.weights, bodies, width) * score.heads, axis=1)
            by_line = jnp.sum(_own_weights(jnp.eye(y.shape[-1]), bodies, width) * score.affine[1:])
            return jnp.mean(wrong + 2.0 * (slopes @ by_units + by_line))

        def fixed(score: Score, y: jax.Array, target: jax.Array) -> jax.Array:
            # Whitening is no parameter.
            return loss(jax.tree.map(jax.lax.stop_gradient, score)._replace(**_learnt(score)), y, target)

        self._begun, self._improved = make_fit(fixed, rate, 1, HALVING)

        @jax.jit
        def gathered(
            score: Score, x: jax.Array, scores: jax.Array, guides: jax.Array
        ) -> tuple[jax.Array, jax.Array]:
            y = inputs(score, x, bodies)
            known = scores.reshape(*y.shape[:-1], -1) @ jnp.linalg.inv(score.inverse)
            # The guided part of the score does not learn; the rest learns what is left, by either loss.
            return y, (known if explicit else 0.0) - guides @ score.guided

        self._gathered: Callable[..., tuple[jax.Array, jax.Array]] = gathered

    def tuned(
        self,
        score: Score,
        x: np.ndarray,
        scores: np.ndarray,
        guides: np.ndarray,
        steps: int,
        rng: np.random.Generator,
    ) -> Hidden:
        """The units after so many steps on points x with scores (n, d) and guides (n, N, r); G stays."""
        index = rng.integers(len(x), size=(steps, min(self._batch, len(x))))
        y, target = self._gathered(score, x[index], scores[index], guides[index])
        fit: Fit = self._improved(self._begun(score), y, target)
        return Hidden(np.asarray(fit.params.weights), np.asarray(fit.params.biases))


def _learnt(score: Score) -> dict[str, jax.Array]:
    return {name: getattr(score, name) for name in ("affine", "weights", "biases", "heads")}
