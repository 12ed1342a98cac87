"""log p of a stationary Fokker-Planck problem by Gauss-Newton on the residual of its equation.

u = log p + const is a small tanh network plus a quadratic form (`blocks/log_density.py`):

1. Walkers from the problem's start points, a share of them hotter for tails and barriers. The Gaussian
   of the cold ones is the first answer.
2. Projection: D grad u is fitted to the drift over cold walkers (`blocks/stationary_equation.py`). Noisy, but it
   leads from everywhere into the neighbourhood of log p, where the residual alone often stalls at a Gaussian.
3. Levenberg-Marquardt steps on the residual at points drawn from the pool, which moves on. The
   answer is the state with the lowest residual at points of p that are never trained on.
4. Every answer is normalised, with the error of log Z reported (`blocks/normalisation.py`).

The residual sees derivatives of u only. Where modes are joined by regions that walkers hardly visit, their
relative masses are determined badly, and no figure reported here shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from mfbench import Checkpoint, Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem

from .blocks import levenberg_marquardt
from .blocks.fokker_planck_walkers import Pool
from .blocks.levenberg_marquardt import Damping
from .blocks.log_density import gaussian_closure, standardised, values
from .blocks.normalisation import Normaliser
from .blocks.stationary_equation import Misfits, Points, rate
from .fokker_planck_entry import LogDensityParameters

FIRST_DAMPING = Damping(1e-2)
IDLE_GAIN, IDLE_STEPS = 0.005, 3
"""The projection ends after so many steps in a row that gain less than this share at points not fitted."""


class State(NamedTuple):
    """An answer: parameters (P,) of u, and log Z."""

    theta: np.ndarray
    log_z: float


def solve(
    problem: FokkerPlanckProblem, parameters: LogDensityParameters, context: Context
) -> Iterator[Checkpoint]:
    """Checkpoints of log p by the method above; never ends by itself."""
    jax.config.update("jax_enable_x64", True)
    p = parameters
    rng = np.random.default_rng(context.seed)
    pool = Pool(problem, p.walkers, p.hot_share, p.temperature, jax.random.key(int(rng.integers(2**31))))
    pool.burn_in(p.burn_in)

    cold = rng.permutation(pool.cold)
    standard = standardised(cold)
    theta, unravel = ravel_pytree(gaussian_closure(rng, problem.dim, p.width, p.depth))
    theta = np.asarray(theta)
    misfits = Misfits(problem.diffusion, unravel, standard)
    typical = float(np.median(rate(problem.diffusion, *pool.drift_and_divergence(cold[: p.points]))))

    def measured(x: np.ndarray) -> Points:
        drift, divergence = pool.drift_and_divergence(x)
        # r grows in the tails like `rate`; dividing by its square root keeps the bulk in charge and the tails in sight.
        weight = np.sqrt(typical / (typical + rate(problem.diffusion, drift, divergence)))
        return Points(x, drift, divergence, weight)

    @jax.jit
    def log_density(state: State, x: jax.Array) -> jax.Array:
        return values(unravel(state.theta), standard, x) - state.log_z

    normaliser = Normaliser(lambda theta, x: log_density(State(theta, 0.0), x), cold, p.components, rng)
    held_out = measured(cold[: p.points // 2])
    at_held_out = misfits.residual(held_out)

    def answer(theta: np.ndarray, step: int, residual: float) -> Checkpoint:
        log_z = normaliser.log_z(theta, step)
        return Checkpoint(
            evaluate=log_density,
            state=State(theta, log_z.value),
            work={"evaluations": pool.evaluations},
            reports={"log_z_error": log_z.error, "residual_rms": residual, "steps": float(step)},
        )

    yield answer(theta, 0, _rms(at_held_out(theta)))

    # Rows are d per point. What is left of them is noise to the fit, so that it ends when fresh points stop gaining.
    share = max(2 * p.points // problem.dim, 1)
    sample = measured(cold[p.points // 2 :][:share])
    fresh = misfits.projection(measured(cold[-(p.points // 2) :]))
    rows, linearised = misfits.projection(sample), misfits.linearised_projection(sample)
    best, least = theta, _rms(fresh(theta))
    damping, idle, step = FIRST_DAMPING, 0, 0
    while step < p.projection and idle < IDLE_STEPS:
        done = levenberg_marquardt.step(theta, damping, linearised, rows)
        theta, damping, step, misfit = done.theta, done.damping, step + 1, _rms(fresh(done.theta))
        idle = 0 if misfit < (1.0 - IDLE_GAIN) * least else idle + 1
        if misfit < least:
            best, least = theta, misfit
        yield answer(best, step, _rms(at_held_out(best)))

    theta, lowest, damping = best, _rms(at_held_out(best)), FIRST_DAMPING
    while True:
        pool.move(p.walk)
        points = measured(pool.x[rng.choice(p.walkers, p.points, replace=False)])
        rows, linearised = misfits.residual(points), misfits.linearised_residual(points)
        for _ in range(p.refresh):
            done = levenberg_marquardt.step(theta, damping, linearised, rows)
            theta, damping, step = done.theta, done.damping, step + 1
            residual = _rms(at_held_out(theta))
            if residual < lowest:
                best, lowest = theta, residual
            yield answer(best, step, lowest)


def _rms(rows: np.ndarray) -> float:
    return float(np.sqrt(np.mean(rows**2)))
