"""Walkers of a time-dependent Fokker-Planck problem by Euler-Maruyama,

x <- x + b(x, t) dt + sigma(x, t) sqrt(dt) w,   w ~ N(0, I),

stopped exactly at the times asked. Weak order 1.

Where particles interact, a batch is one system (`partners.py`).
"""

from __future__ import annotations

import math
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Diverged
from mfbench.tasks.transient import TransientProblem

from .keys import root_key
from .partners import sampled_force

FIRST_STEPS = 64
"""Over the horizon, of the pilot that finds the time step."""
PILOTS = 200
QUANTILE = 0.9
"""Of the Jacobian's norm over pilots: single walkers far out do not rule the step."""


class Ensemble:
    """A source of independent batches of walkers, seen at the problem's times.

    Args:
        problem: gives drift, noise, initial law and times.
        step_share: largest time step times the norm of the drift's Jacobian.
        max_steps: over the horizon.
        rng: of everything random.

    Attributes:
        step: the time step, at most; the last one before a time asked is no longer.
        evaluations: points at which the drift was evaluated; a derivative in one direction counts one more.

    Raises:
        Diverged: no time step with at most `max_steps` steps is small enough.
    """

    def __init__(
        self, problem: TransientProblem, step_share: float, max_steps: int, rng: np.random.Generator
    ) -> None:
        self.problem, self.evaluations, self._rng = problem, 0, rng
        noise_dim = problem.noise_dim

        @jax.jit
        def walk(seed: int, x: jax.Array, begin: float, dt: float, steps: int) -> jax.Array:
            key = root_key(seed)

            def move(number: int, x: jax.Array) -> jax.Array:
                t = begin + number * dt
                here = jax.random.fold_in(key, number)
                noise = jax.random.normal(here, (x.shape[0], noise_dim), x.dtype)
                drift = problem.drift(x, t)
                if problem.interaction is not None:
                    drift = drift + sampled_force(problem.interaction, x, jax.random.fold_in(here, 1))
                return x + dt * drift + jnp.sqrt(dt) * problem.shock(x, t, noise)

            return jax.lax.fori_loop(0, steps, move, x)

        def jacobian(x: jax.Array, other: jax.Array, t: float) -> jax.Array:
            return jax.jacfwd(lambda y: problem.drift_among(y[None], t, other[None])[0])(x)

        self._walk = walk
        self._jacobians = jax.jit(jax.vmap(jacobian, in_axes=(0, 0, None)))
        self.step = self._stable_step(step_share, max_steps)

    def run(self, walkers: int) -> list[np.ndarray]:
        """Fresh walkers (n, d) at each of the times.

        Raises:
            Diverged: some left the finite numbers.
        """
        seen = self._follow(walkers, self.step)
        for t, x in zip(self.problem.times, seen, strict=True):
            lost = int(np.count_nonzero(~np.all(np.isfinite(x), axis=1)))
            if lost:
                raise Diverged(
                    f"particles: {lost} of {walkers} walkers are not finite at t = {t:g} with a time step of {self.step:.3g}"
                )
        return seen

    def _follow(self, walkers: int, step: float) -> list[np.ndarray]:
        x = np.asarray(self.problem.initial_draw(self._rng, walkers))
        seen = []
        for begin, end in pairwise((0.0, *self.problem.times)):
            count = max(1, math.ceil((end - begin) / step - 1e-9))
            x = self._walk(int(self._rng.integers(2**31)), x, begin, (end - begin) / count, count)
            self.evaluations += count * walkers
            seen.append(np.asarray(x))
        return seen

    def _norm(self, x: np.ndarray, t: float) -> float:
        jacobians = self._jacobians(x, np.roll(x, 1, axis=0), t)
        norms = np.linalg.norm(np.asarray(jacobians), ord=2, axis=(1, 2))
        return float(np.quantile(norms, QUANTILE))

    def _stable_step(self, share: float, max_steps: int) -> float:
        steps = FIRST_STEPS
        while steps <= max_steps:
            step = self.problem.horizon / steps
            start = np.asarray(self.problem.initial_draw(self._rng, PILOTS))
            places = [(0.0, start), *zip(self.problem.times, self._follow(PILOTS, step), strict=True)]
            if all(np.all(np.isfinite(x)) for _, x in places):
                norms = [self._norm(x, t) for t, x in places]
                self.evaluations += self.problem.dim * PILOTS * len(places)
                if step * max(norms) <= share:
                    return step
                steps = max(2 * steps, math.ceil(self.problem.horizon * max(norms) / share))
            else:
                steps *= 4
        raise Diverged(
            f"particles: the drift needs {steps} steps over the horizon; expected at most max_steps = {max_steps}"
        )
