"""Two misfits of a log-density u to a stationary Fokker-Planck equation, as rows for least squares.

Residual: div(b p) = sum_ij D_ij d_i d_j p, D = sigma sigma^T / 2, divided by p = exp(u),

    r = sum_ij D_ij (d_i d_j u + d_i u d_j u) - b . grad u - div b,

for noise of any rank. Projection, for D a number: D grad u - b. Its mean square under p is least at u = log p: there
the rest is minus the current over p, j / p = b - D grad log p, and E_p[(j / p) . grad phi] = int j . grad phi = 0 for
every phi, as div j = 0. So it needs samples of p, no second derivatives, and is convex in u; the residual is free of
sampling noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .fokker_planck_walkers import Pool
from .keys import root_key
from .log_density import LogDensity, Standard, jet, stretched, values

Rows = Callable[[np.ndarray], np.ndarray]
"""Parameters (P,) -> rows (n,)."""
LinearisedRows = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Parameters (P,) -> rows (n,) and their Jacobian (n, P)."""


class Points(NamedTuple):
    """Where a misfit is taken.

    Args:
        x: (n, d).
        drift: b, (n, d).
        divergence: div b, (n,).
        weight: (n,), that rows are multiplied with.
    """

    x: np.ndarray
    drift: np.ndarray
    divergence: np.ndarray
    weight: np.ndarray


Sweep = Callable[[np.ndarray, Any, Points, int], tuple[np.ndarray, Any]]
"""Parameters (P,), the optimiser's state (None at first), points, seed -> parameters, state."""


class Weighing:
    """Measures drift, divergence and weight at points.

    In the tails r grows like rate = |div b| + |b|^2 / D, D the mean over directions. Dividing by its square root
    keeps the bulk in charge and the tails in sight: weight = (t / (t + rate))^(1/2), t the median rate at `typical`.

    Args:
        pool: whose drift is evaluated, and counts it.
        typical: (n, d) points of p, roughly.
    """

    def __init__(self, pool: Pool, typical: np.ndarray) -> None:
        self._pool = pool
        self._diffusion = float(np.sum(pool.problem.sigma**2)) / 2.0 / pool.problem.dim
        self._typical = float(np.median(self._rate(*pool.drift_and_divergence(typical))))

    def __call__(self, x: np.ndarray) -> Points:
        """x (n, d) with all that the misfits need there."""
        drift, divergence = self._pool.drift_and_divergence(x)
        rate = self._rate(drift, divergence)
        return Points(x, drift, divergence, np.sqrt(self._typical / (self._typical + rate)))

    def _rate(self, drift: np.ndarray, divergence: np.ndarray) -> np.ndarray:
        return np.abs(divergence) + np.sum(drift**2, axis=1) / self._diffusion


class Misfits:
    """Residual and projection as functions of the flat parameters, compiled once for each number of points.

    Args:
        along: sigma / sqrt(2), (d, k), or a number for its multiple of I.
        unravel: flat parameters (P,) -> u.
        standard: coordinates of u.
    """

    def __init__(
        self, along: np.ndarray | float, unravel: Callable[[jax.Array], LogDensity], standard: Standard
    ) -> None:
        self._along = along
        self._values = lambda theta, x: values(unravel(theta), standard, x)

        def residual(theta: jax.Array, point: Points) -> jax.Array:
            u = jet(unravel(theta), standard, point.x, along)
            push = stretched(u.gradient, along)
            flow = u.laplacian + push @ push - point.drift @ u.gradient
            return point.weight * (flow - point.divergence)

        def projection(theta: jax.Array, point: Points) -> jax.Array:
            u = jet(unravel(theta), standard, point.x, along)
            return point.weight * (self._pushed(u.gradient) - point.drift)

        self._residual = jax.jit(jax.vmap(residual, (None, 0)))
        self._residual_slopes = jax.jit(jax.vmap(jax.value_and_grad(residual), (None, 0)))
        self._projection = jax.jit(jax.vmap(projection, (None, 0)))

    def _pushed(self, gradient: jax.Array) -> jax.Array:
        """D grad u, (..., d)."""
        return stretched(stretched(gradient, self._along), np.asarray(self._along).T)

    def residual(self, points: Points) -> Rows:
        """weight r, (n,)."""
        return lambda theta: np.asarray(self._residual(theta, points))

    def linearised_residual(self, points: Points) -> LinearisedRows:
        """The same with its Jacobian."""

        def linearise(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rows, slopes = self._residual_slopes(theta, points)
            return np.asarray(rows), np.asarray(slopes)

        return linearise

    def projection(self, points: Points) -> Rows:
        """weight (D grad u - b), (n d,)."""
        return lambda theta: np.asarray(self._projection(theta, points)).ravel()

    def projection_sweep(self, rate: float, steps: int, batch: int) -> Sweep:
        """`steps` steps of Adam on the mean square of the projection, each at `batch` points drawn with replacement."""
        adam = optax.adam(rate)

        def misfit(theta: jax.Array, rows: Points) -> jax.Array:
            # One reverse pass for grad u: the Laplacian, and with it the Jacobian carried forward, is not needed.
            gradient = jax.grad(lambda x: self._values(theta, x).sum())(rows.x)
            return jnp.mean(jnp.square(rows.weight[:, None] * (self._pushed(gradient) - rows.drift)))

        @jax.jit
        def run(theta: jax.Array, state: Any, points: Points, seed: int) -> tuple[jax.Array, Any]:
            def move(carry: tuple[jax.Array, Any], key: jax.Array) -> tuple[tuple[jax.Array, Any], None]:
                theta, state = carry
                index = jax.random.randint(key, (batch,), 0, len(points.x))
                slope = jax.grad(misfit)(theta, Points(*(field[index] for field in points)))
                change, state = adam.update(slope, state)
                return (theta + change, state), None

            return jax.lax.scan(move, (theta, state), jax.random.split(root_key(seed), steps))[0]

        def sweep(theta: np.ndarray, state: Any, points: Points, seed: int) -> tuple[np.ndarray, Any]:
            theta, state = run(theta, adam.init(theta) if state is None else state, points, seed)
            return np.asarray(theta), state

        return sweep
