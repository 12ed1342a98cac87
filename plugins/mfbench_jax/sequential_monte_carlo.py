"""log p of a gradient drift: its line integral, and log Z by sequential Monte Carlo.

b = D grad log p, so u(x) = int_c^x b . dl / D is log p up to its constant log Z, which carries all the difficulty in
many dimensions. Walkers go from a Gaussian p_0 to p through

    p_t ~ p_0^{1 - t} exp(u)^t,   0 = t_0 < t_1 < ... < 1:

1. Weights w = (exp(u) / p_0)^{t' - t}, t' such that their effective sample size is a given share of the walkers.
   log Z grows by log mean w.
2. Systematic resampling by the weights.
3. Some Metropolis-adjusted Langevin steps for p_t'; what u gains in a step is again a line integral.

The estimate of Z is unbiased: runs are averaged, and their scatter gives the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from mfbench import Checkpoint, Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem

from .blocks import systematic
from .blocks.fokker_planck_walkers import Pool
from .blocks.keys import root_key
from .blocks.path_integral import NODES, path_integral
from .sequential_monte_carlo_entry import SequentialMonteCarloParameters

WIDENING = 1.5
"""Of the covariance of the walkers, for p_0."""
GAUSSIAN_WALKERS = 3000
ACCEPTED = 0.574
"""Share of steps to accept (Roberts and Rosenthal, J. R. Stat. Soc. B 60 (1998) 255)."""
ADAPTATION = 0.5
"""log dt moves by so much times the difference from it."""


class Cloud(NamedTuple):
    """Walkers (n, d), u there and log p_0 there (n,)."""

    x: jax.Array
    u: jax.Array
    log_p0: jax.Array


class Gaussian(NamedTuple):
    """p_0: mean (d,), lower Cholesky factor of the covariance (d, d)."""

    mean: np.ndarray
    factor: np.ndarray

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent points."""
        return self.mean + rng.standard_normal((count, len(self.mean))) @ self.factor.T

    def log_density(self, x: jax.Array) -> jax.Array:
        """log p_0 at x (n, d), (n,)."""
        white = jax.scipy.linalg.solve_triangular(self.factor, (x - self.mean).T, lower=True)
        volume = np.sum(np.log(np.diag(self.factor))) + 0.5 * len(self.mean) * math.log(2.0 * math.pi)
        return -0.5 * jnp.sum(white**2, axis=0) - volume

    def score(self, x: jax.Array) -> jax.Array:
        """grad log p_0 at x (n, d)."""
        return -jax.scipy.linalg.cho_solve((self.factor, True), (x - self.mean).T).T


def solve(
    problem: FokkerPlanckProblem, parameters: SequentialMonteCarloParameters, context: Context
) -> Iterator[Checkpoint]:
    """Checkpoints of log p by the method above; never ends by itself."""
    jax.config.update("jax_enable_x64", True)
    p, rng = parameters, np.random.default_rng(context.seed)
    pool = Pool(problem, GAUSSIAN_WALKERS, 0.0, 1.0, seed=int(rng.integers(2**31)))
    pool.burn_in(p.burn_in)
    cold = pool.cold
    covariance = np.cov(cold.T).reshape(problem.dim, problem.dim)
    first = Gaussian(cold.mean(axis=0), np.linalg.cholesky(WIDENING * covariance))
    tempering = Tempering(problem, first, p, rng)

    @jax.jit
    def answer(log_z: jax.Array, x: jax.Array) -> jax.Array:
        return tempering.log_shape(x) - log_z

    def checkpoint(log_z: float, reports: dict[str, float]) -> Checkpoint:
        return Checkpoint(
            evaluate=answer,
            state=np.float64(log_z),
            work={"evaluations": pool.evaluations + tempering.evaluations},
            reports={"runs": float(len(runs))} | reports,
        )

    runs: list[float] = []
    start = tempering.cloud()
    log_z, reports = float(logsumexp(start.u - start.log_p0)) - math.log(p.walkers), {}
    yield checkpoint(log_z, reports)
    while True:
        for reached, done in tempering.run():
            if done:
                runs.append(reached)
                log_z, error = combined(runs)
                reports = {} if math.isnan(error) else {"log_z_error": error}
            yield checkpoint(log_z, reports)


def combined(logs: list[float]) -> tuple[float, float]:
    """log of the mean of Z over runs, from log Z of each, and its standard error; not a number for a single run."""
    mean = float(logsumexp(logs)) - math.log(len(logs))
    if len(logs) < 2:
        return mean, math.nan
    return mean, float(np.std(np.exp(np.array(logs) - mean), ddof=1)) / math.sqrt(len(logs))


class Tempering:
    """Runs from p_0 to p, with the step that the last one found.

    Args:
        problem: gives drift and D.
        first: p_0.
        parameters: of the solver.
        rng: of draws, resampling and moves.

    Attributes:
        evaluations: points at which the drift was evaluated.
    """

    def __init__(
        self,
        problem: FokkerPlanckProblem,
        first: Gaussian,
        parameters: SequentialMonteCarloParameters,
        rng: np.random.Generator,
    ) -> None:
        self._first, self._rng, self._parameters = first, rng, parameters
        self._log_step = math.log(0.1) + 2.0 * float(np.mean(np.log(np.diag(first.factor))))
        self.evaluations = 0

        def field(x: jax.Array) -> jax.Array:
            return problem.drift(x, 0.0) / problem.diffusion

        def log_shape(x: jax.Array) -> jax.Array:
            return path_integral(field, first.mean, x, parameters.panels)

        def slope(x: jax.Array, t: float) -> jax.Array:
            return (1.0 - t) * first.score(x) + t * field(x)

        def move(cloud: Cloud, key: jax.Array, t: float, step: float) -> tuple[Cloud, jax.Array]:
            noise, level = jax.random.split(key)
            here = slope(cloud.x, t)
            kick = jnp.sqrt(2.0 * step) * jax.random.normal(noise, cloud.x.shape)
            x = cloud.x + step * here + kick
            there = slope(x, t)
            gain = path_integral(field, cloud.x, x, 1)
            log_p0 = first.log_density(x)
            back = cloud.x - x - step * there
            proposal = (jnp.sum(kick**2, axis=1) - jnp.sum(back**2, axis=1)) / (4.0 * step)
            change = t * gain + (1.0 - t) * (log_p0 - cloud.log_p0) + proposal
            taken = jnp.log(jax.random.uniform(level, change.shape)) < change
            moved = Cloud(
                jnp.where(taken[:, None], x, cloud.x),
                jnp.where(taken, cloud.u + gain, cloud.u),
                jnp.where(taken, log_p0, cloud.log_p0),
            )
            return moved, jnp.mean(taken)

        @jax.jit
        def moves(cloud: Cloud, seed: int, t: float, step: float) -> tuple[Cloud, jax.Array]:
            keys = jax.random.split(root_key(seed), parameters.moves)
            cloud, taken = jax.lax.scan(lambda cloud, key: move(cloud, key, t, step), cloud, keys)
            return cloud, jnp.mean(taken)

        self.log_shape = log_shape
        self._measure: Callable[[np.ndarray], jax.Array] = jax.jit(log_shape)
        self._log_p0 = jax.jit(first.log_density)
        self._moves = moves

    def cloud(self) -> Cloud:
        """Independent walkers of p_0."""
        walkers = self._parameters.walkers
        x = self._first.draw(walkers, self._rng)
        self.evaluations += walkers * NODES * self._parameters.panels
        return Cloud(x, np.asarray(self._measure(x)), np.asarray(self._log_p0(x)))

    def run(self) -> Iterator[tuple[float, bool]]:
        """log Z so far and whether t is 1, temperature by temperature."""
        p, walkers, cloud = self._parameters, self._parameters.walkers, self.cloud()
        t, log_z = 0.0, 0.0
        while t < 1.0:
            work = np.asarray(cloud.u) - np.asarray(cloud.log_p0)
            share = next_share(work, 1.0 - t, p.kept)
            t = 1.0 if share == 1.0 - t else t + share
            log_z += float(logsumexp(share * work)) - math.log(walkers)
            picks = systematic.picks(share * work, walkers, self._rng.random())
            cloud = Cloud(*(np.asarray(part)[picks] for part in cloud))
            if t < 1.0:
                seed = int(self._rng.integers(2**31))
                cloud, taken = self._moves(cloud, seed, t, math.exp(self._log_step))
                self._log_step += ADAPTATION * (float(taken) - ACCEPTED)
                self.evaluations += walkers * p.moves * (NODES + 2)
            yield log_z, t == 1.0


def next_share(work: np.ndarray, rest: float, kept: float) -> float:
    """The largest s <= rest for which weights exp(s work) leave `kept` of the walkers as effective sample size."""

    def spare(s: float) -> float:
        return 2.0 * logsumexp(s * work) - logsumexp(2.0 * s * work) - math.log(kept * len(work))

    return rest if spare(rest) >= 0.0 else float(brentq(spare, 0.0, rest, rtol=1e-6))
