"""A pool of walkers of a Fokker-Planck problem: dX = b dt + sqrt(T) sigma dW by Euler-Maruyama, T = 1 or hotter.

They say where an equation is to hold and in which region the law lies; no average over them enters
an answer's precision, so that the bias of order dt is harmless.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.fokker_planck import FokkerPlanckProblem

from .keys import root_key

STEP_SHARE = 0.1
"""dt times the spectral norm of the drift's Jacobian (its 90 % quantile over some walkers)."""
FAMILY, PARTING = 6, 5
"""Walkers that burn in as one, and the share of the cold half, 1 / PARTING, in which they part."""
PROBES = 256
"""Walkers at which dt is chosen."""


class Pool:
    """Walkers that start together hot; then a share stays so, and the others sample p.

    Args:
        problem: gives drift, noise, start points and the box, in which walkers are kept by clipping.
        walkers: number m.
        hot_share: share that keeps `temperature`.
        temperature: T of the hot ones.
        seed: of all their noise.

    Attributes:
        evaluations: points at which the drift was evaluated; a derivative counts d.
    """

    def __init__(
        self, problem: FokkerPlanckProblem, walkers: int, hot_share: float, temperature: float, seed: int
    ) -> None:
        self.problem, self.evaluations, self._moves = problem, 0, 0
        self._hot = np.arange(walkers) < round(hot_share * walkers)
        self._all_hot = np.full(walkers, temperature)
        self._mixed = np.where(self._hot, temperature, 1.0)
        self._x = np.asarray(problem.start)[np.arange(walkers) % len(problem.start)]
        self._dt = 0.0
        low, high = problem.box
        sigma = problem.sigma

        @jax.jit
        def walk(moves: int, x: jax.Array, temperature: jax.Array, dt: float, steps: int) -> jax.Array:
            key = jax.random.fold_in(root_key(seed), moves)
            amplitude = jnp.sqrt(dt * temperature)[:, None]

            def move(number: int, x: jax.Array) -> jax.Array:
                draws = jax.random.normal(jax.random.fold_in(key, number), (len(x), sigma.shape[1]))
                shock = amplitude * (draws @ sigma.T)
                return jnp.clip(x + dt * problem.drift(x, 0.0) + shock, low, high)

            return jax.lax.fori_loop(0, steps, move, x)

        def alone(x: jax.Array) -> jax.Array:
            return problem.drift(x[None], 0.0)[0]

        self._jacobian = jax.jit(jax.vmap(jax.jacfwd(alone)))
        self._walk = walk

    @property
    def x(self) -> np.ndarray:
        """All walkers, (m, d)."""
        return np.asarray(self._x)

    @property
    def cold(self) -> np.ndarray:
        """Those of T = 1, whose law is p up to burn-in and time step."""
        return self.x[~self._hot]

    def burn_in(self, steps: int) -> None:
        """Half of the steps hot, which spreads the walkers, then half as they stay.

        Only every `FAMILY`-th walker goes all the way; before the last `PARTING` share of the second half it is copied
        to the others, that leave it from there: where a drift is costly, the burn-in would else be.
        """
        half = -(-steps // 2)
        parting = -(-half // PARTING)
        founders = np.arange(0, len(self._hot), FAMILY)
        everybody, self._x = len(self._hot), self.x[founders]
        for temperature, length in ((self._all_hot, half), (self._mixed, half - parting)):
            self._dt = self._stable_step()
            self._advance(temperature[founders], length)
        self._x = np.repeat(self.x, FAMILY, axis=0)[:everybody]
        self._advance(self._mixed, parting)

    def move(self, steps: int) -> None:
        """The walk goes on."""
        self._advance(self._mixed, steps)

    def drift_and_divergence(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """b (n, d) and div b (n,) at x (n, d)."""
        self.evaluations += (1 + self.problem.dim) * len(x)
        jacobian = np.asarray(self._jacobian(x))
        return np.asarray(self.problem.drift(x, 0.0)), np.trace(jacobian, axis1=1, axis2=2)

    def _advance(self, temperature: np.ndarray, steps: int) -> None:
        self._x = self._walk(self._moves, self._x, temperature, self._dt, steps)
        self._moves += 1
        self.evaluations += steps * len(temperature)

    def _stable_step(self) -> float:
        x = self.x
        probes = x[np.linspace(0, len(x) - 1, PROBES, dtype=int)]
        self.evaluations += self.problem.dim * PROBES
        jacobian = np.asarray(self._jacobian(probes))
        if not np.all(np.isfinite(jacobian)):
            raise FloatingPointError(
                f"walkers: {np.count_nonzero(~np.isfinite(jacobian))} of {jacobian.size} entries of the drift's "
                "Jacobian are not finite; expected a differentiable drift in the box. Check drift, start and box."
            )
        stiffness = np.quantile(np.linalg.norm(jacobian, ord=2, axis=(1, 2)), 0.9)
        # A drift without slope is bounded by diffusion across the box instead.
        slowest = (
            float(np.max(np.sum(self.problem.sigma**2, axis=1)))
            / 2.0
            / float(np.max(np.ptp(self.problem.box, axis=0))) ** 2
        )
        return STEP_SHARE / max(float(stiffness), slowest)
