"""Coordinates y(x) in which a process has noise of one strength, where there are such (the Lamperti transform).

dX = b dt + sigma dW with an invertible sigma(x) that does not depend on time. Where the columns of sigma commute as
vector fields, sigma^-1 is the derivative of a map y(x), and by Ito's formula dY = b_Y dt + dW with

    y(x) = int_0^1 sigma^-1(x_s) (x - o) ds,   x_s = o + s (x - o),
    b_Y = sigma^-1 (b - sum_k (sigma_k . grad) sigma_k / 2).

The integral is along straight lines from an origin o. Such diffusions are called reducible: Ait-Sahalia, Annals of
Statistics 36 (2008) 906, proposition 1. Where there is no such map, or no need, y = x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.transient import TransientProblem

NODES = (8, 16, 32, 64)
"""Of Gauss-Legendre on a line; the first number that is exact enough is taken."""
EXACT = 1e-11
"""Largest entry of (dy/dx) sigma - I at `PROBES` points for the map to count as existing."""
LEAST_GAIN = 10.0
"""By which twice the nodes lower that entry at least; else there is no map."""
PROBES = 16
ENTRIES = 400_000
"""Of the derivatives of sigma that stand in memory at a time, for each direction."""
MOST = 256
"""Points at a time, whatever the dimension."""
LATER = (0.37, 1.0)
"""Shares of the horizon at which noise is compared with that at the start."""

Point = jax.Array
"""One point x, (d,)."""


class Coordinates:
    """y(x), and the equation there: noise D, drift, and derivatives along y of functions of x.

    Args:
        problem: gives drift and noise.
        x: (n, d) points of the law, from which the origin and the probes are taken.
        reduce: whether the map to noise of one strength is looked for.

    Attributes:
        reduced: whether y is that map.
        uniform: whether D(x, t) in these coordinates is the same at all x.
        steady: whether drift and noise are the same at all times.
        evaluations: points at which the drift was evaluated here; a derivative in one direction counts one more.
    """

    def __init__(self, problem: TransientProblem, x: np.ndarray, reduce: bool) -> None:
        self.problem, self.reduced, self._nodes = problem, False, 0
        self.evaluations = 0
        self._origin = np.mean(x, axis=0)
        self._batch = int(np.clip(ENTRIES // problem.dim**3, 1, MOST))
        probes = x[:PROBES]
        self.uniform = problem.amplitude is None or self._same_everywhere(probes)
        if reduce and not self.uniform and self._invertible_and_steady(probes):
            self._look_for_map(probes)
        self._places = self.at_points(self._integral)
        self._log_volumes = self.at_points(self.log_volume)
        self._given = jax.jit(problem.drift)
        self._frames, self._itos = self.at_points(self.frame), self.at_points(self.ito)
        self._noises = self.at_points(self.noise)
        self._jacobians = self.at_points(self.jacobian)
        self.steady = self._steady(probes)

    def at_points(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """f(x, ...) of one point (d,) as a function of x (n, d) and the same rest, compiled, few points at a time."""
        return jax.jit(lambda x, *rest: jax.lax.map(lambda z: f(z, *rest), x, batch_size=self._batch))

    def places(self, x: np.ndarray) -> np.ndarray:
        """y of points x, both (n, d)."""
        return np.asarray(self._places(x)) if self.reduced else x

    def log_volumes(self, x: np.ndarray) -> np.ndarray:
        """log |det dy/dx| at x (n, d), (n,)."""
        return np.asarray(self._log_volumes(x)) if self.reduced else np.zeros(len(x))

    def _integral(self, x: Point) -> jax.Array:
        nodes, weights = np.polynomial.legendre.leggauss(self._nodes)
        away = x - self._origin

        def along(share: jax.Array) -> jax.Array:
            return jnp.linalg.solve(self._sigma(self._origin + share * away, 0.0), away)

        return (weights / 2.0) @ jax.vmap(along)(jnp.asarray((nodes + 1.0) / 2.0))

    def frame(self, x: Point) -> jax.Array:
        """dx/dy, (d, d)."""
        return self._sigma(x, 0.0) if self.reduced else jnp.eye(self.problem.dim)

    def log_volume(self, x: Point) -> jax.Array:
        """log |det dy/dx|."""
        return -jnp.linalg.slogdet(self._sigma(x, 0.0))[1] if self.reduced else jnp.zeros(())

    def noise(self, x: Point, t: jax.Array) -> jax.Array:
        """D of y, (d, d)."""
        if self.reduced:
            return 0.5 * jnp.eye(self.problem.dim)
        return self.problem.diffusion_matrix(x[None], t)[0]

    def drift(self, x: Point, t: jax.Array) -> jax.Array:
        """b of y, (d,)."""
        given = self.problem.drift(x[None], t)[0]
        return jnp.linalg.solve(self._sigma(x, 0.0), given - self.ito(x)) if self.reduced else given

    def ito(self, x: Point) -> jax.Array:
        """sum_k (sigma_k . grad) sigma_k / 2 where the noise is reduced, else 0; (d,)."""
        if not self.reduced:
            return jnp.zeros_like(x)
        return 0.5 * jnp.einsum("ikj,jk->i", jax.jacfwd(self._sigma)(x, 0.0), self._sigma(x, 0.0))

    def drifts(self, x: np.ndarray) -> Callable[[float], np.ndarray]:
        """t -> b of y at x, (n, d); what does not depend on t is computed once."""

        def given(t: float) -> np.ndarray:
            self.evaluations += len(x)
            return np.asarray(self._given(x, t))

        if not self.reduced:
            return given
        inverse, ito = np.linalg.inv(self._frames(x)), np.asarray(self._itos(x))

        def moved(t: float) -> np.ndarray:
            return np.asarray(np.einsum("nij,nj->ni", inverse, given(t) - ito))

        return moved

    def gradient(self, f: Callable[[Point], jax.Array], x: Point) -> jax.Array:
        """df/dy of a scalar function of x, (d,)."""
        return jax.grad(f)(x) @ self.frame(x)

    def hessian(self, f: Callable[[Point], jax.Array], x: Point) -> jax.Array:
        """d^2 f/dy^2 of a scalar function of x, (d, d)."""
        return jax.jacfwd(lambda z: self.gradient(f, z))(x) @ self.frame(x)

    def jacobian(self, x: Point, t: jax.Array) -> jax.Array:
        """d b/dy, (d, d)."""
        return jax.jacfwd(self.drift)(x, t) @ self.frame(x)

    def mean_noise(self, x: np.ndarray, t: float) -> np.ndarray:
        """The mean of D over x (n, d), (d, d)."""
        return np.mean(np.asarray(self._noises(x[:1] if self.uniform else x, t)), axis=0)

    def jacobians(self, x: np.ndarray, t: float) -> np.ndarray:
        """d b/dy at x, (n, d, d)."""
        self.evaluations += (1 + self.problem.dim) * len(x)
        return np.asarray(self._jacobians(x, t))

    def _sigma(self, x: Point, t: float | jax.Array) -> jax.Array:
        assert self.problem.amplitude is not None
        return self.problem.amplitude(x[None], t)[0]

    def _same_everywhere(self, probes: np.ndarray) -> bool:
        sigma = np.asarray(self.problem.amplitude(probes, 0.0))
        return bool(np.ptp(sigma, axis=0).max() <= 1e-14 * np.abs(sigma).max())

    def _invertible_and_steady(self, probes: np.ndarray) -> bool:
        sigma = np.asarray(self.problem.amplitude(probes, 0.0))
        if sigma.shape[1] != sigma.shape[2] or np.min(np.linalg.svd(sigma, compute_uv=False)) == 0.0:
            return False
        later = (np.asarray(self.problem.amplitude(probes, share * self.problem.horizon)) for share in LATER)
        return all(np.array_equal(sigma, other) for other in later)

    def _steady(self, probes: np.ndarray) -> bool:
        drift, times = self.drifts(probes), [share * self.problem.horizon for share in LATER]
        first, noise = drift(0.0), np.asarray(self.problem.diffusion_matrix(probes, 0.0))
        return all(
            np.array_equal(first, drift(t))
            and np.array_equal(noise, np.asarray(self.problem.diffusion_matrix(probes, t)))
            for t in times
        )

    def _look_for_map(self, probes: np.ndarray) -> None:
        last = np.inf
        for self._nodes in NODES:
            departure = self._departure(probes)
            if departure < EXACT:
                self.reduced = self.uniform = True
                return
            if not departure < last / LEAST_GAIN:
                return
            last = departure

    def _departure(self, probes: np.ndarray) -> float:
        """Of dy/dx from sigma^-1: quadrature error, or a map that does not exist."""
        product = jax.jit(
            lambda x: jax.lax.map(lambda z: jax.jacfwd(self._integral)(z) @ self._sigma(z, 0.0), x)
        )
        return float(np.max(np.abs(np.asarray(product(probes)) - np.eye(self.problem.dim))))
